// A camera's picture. Sound has an element of its own.

import { createEffect } from "solid-js";
import { playTrack } from "./playTrack";

export function Picture(props: { track: MediaStreamTrack; class: string; label: string; mirrored?: boolean; testId?: string }) {
  let video!: HTMLVideoElement;
  createEffect(() => {
    // The attribute alone does not mute an element that a template has cloned.
    video.muted = true;
    playTrack(video, props.track);
  });
  return (
    <video
      ref={video}
      class={props.class}
      classList={{ mirrored: props.mirrored ?? false }}
      autoplay
      playsinline
      muted
      aria-label={props.label}
      data-testid={props.testId}
    />
  );
}
