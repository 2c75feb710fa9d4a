// Plays a voice in a media element, through the chosen speaker and as loud as is wished.

import { createEffect } from "solid-js";
import { useHome } from "./context";
import { playTrack } from "./playTrack";

export interface Sink {
  /** What plays already goes on without a gap. */
  play(track: MediaStreamTrack | null): void;
}

/** `onBlocked` gets what to do at the next click if the browser refuses to sound without one; null when it sounds. */
export function createSink(element: () => HTMLAudioElement, onBlocked: (play: (() => void) | null) => void): Sink {
  const { devices } = useHome();

  function start(): void {
    element()
      .play()
      .then(
        () => onBlocked(null),
        // Interrupted by a new source is no refusal.
        (error: unknown) => onBlocked(error instanceof DOMException && error.name === "NotAllowedError" ? start : null),
      );
  }

  createEffect(() => {
    element().volume = devices.volume();
  });
  createEffect(() => {
    const wanted = devices.speakers().find((speaker) => speaker.id === devices.chosen().speaker)?.id ?? "";
    const audio = element();
    // Only where there is a choice; a speaker that has just been unplugged leaves the sound with the system's.
    if ("setSinkId" in audio && audio.sinkId !== wanted) void audio.setSinkId(wanted).catch(() => undefined);
  });

  return {
    play(track) {
      if (!playTrack(element(), track)) return;
      onBlocked(null);
      if (track) start();
    },
  };
}
