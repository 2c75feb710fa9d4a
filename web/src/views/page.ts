// The page around the client: leaving it during a call, its title, a handle for diagnosis.

import { createEffect, createMemo, onCleanup } from "solid-js";
import type { CallStore } from "../stores/calls";
import type { GroupPhase, GroupStore } from "../stores/group";
import { createVisible } from "../stores/device";

/** A track of somebody else in a group call. */
interface RemoteTrack {
  username: string | null;
  source: "microphone" | "camera" | "screen" | "screen_audio";
  track: MediaStreamTrack;
}

declare global {
  interface Window {
    /** Read-only, for diagnosis: the peer connection of the call that is going on, whose `getStats` tells what it does. */
    zvonilkaCall?: {
      readonly peer: RTCPeerConnection | null;
      readonly group: { connection(): RTCPeerConnection | null; tracks(): readonly RemoteTrack[]; phase(): GroupPhase };
    };
  }
}

export function exposeForDiagnosis(call: CallStore, group: GroupStore): void {
  window.zvonilkaCall = {
    get peer() {
      return call.connection() ?? group.connection();
    },
    group: { connection: group.connection, phase: group.phase, tracks: () => tracksOf(group) },
  };
  onCleanup(() => delete window.zvonilkaCall);
}

function tracksOf(group: GroupStore): readonly RemoteTrack[] {
  const pictures = group.participants().flatMap(({ self, username, camera, screen }): RemoteTrack[] => {
    if (self) return [];
    const found: RemoteTrack[] = [];
    if (camera) found.push({ username, source: "camera", track: camera.track });
    if (screen) found.push({ username, source: "screen", track: screen.track });
    return found;
  });
  return [...pictures, ...group.sounds().map(({ username, source, track }) => ({ username, source, track }))];
}

/** Asks before a page with a call is closed, and hangs up when it is. */
export function guardPage(call: CallStore, group: GroupStore): void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (call.phase().kind === "active" || group.phase().kind === "active") event.preventDefault();
  };
  const leave = (): void => {
    call.leave();
    group.vanish();
  };
  window.addEventListener("beforeunload", ask);
  window.addEventListener("pagehide", leave);
  onCleanup(() => {
    window.removeEventListener("beforeunload", ask);
    window.removeEventListener("pagehide", leave);
  });
}

/** Keeps the screen on while pictures are shown, and all through a group call, where the browser can. */
export function keepAwake(call: CallStore, group: GroupStore): void {
  const visible = createVisible();
  const withPictures = createMemo(
    () => call.phase().kind === "active" && (call.media().camera !== null || call.media().remote.video !== null),
  );
  const inGroup = createMemo(() => group.phase().kind === "active");
  createEffect(() => {
    const wakeLock = navigator.wakeLock as WakeLock | undefined;
    // A page that was hidden has lost its lock.
    if (!wakeLock || !visible() || !(withPictures() || inGroup())) return;
    // A hidden page or a low battery has its lock refused: the screen then goes off as it always does.
    const lock = wakeLock.request("screen").catch(() => null);
    onCleanup(() => void lock.then((held) => held?.release()));
  });
}

/** Gives a group call to the keys of a headset and to the system's own controls, where the browser can. */
export function joinSystem(group: GroupStore): void {
  const inCall = createMemo(() => group.phase().kind === "active");
  // iOS plays through the loudspeaker, and ducks nothing, only if it knows that this is a conversation.
  const { audioSession } = navigator as { audioSession?: { type: string } };
  const media = navigator.mediaSession as MediaSession | undefined;
  createEffect(() => {
    if (!inCall()) return;
    if (audioSession) audioSession.type = "play-and-record";
    const off = media ? answerKeys(media, group) : () => {};
    onCleanup(() => {
      off();
      if (audioSession) audioSession.type = "auto";
    });
  });
  createEffect(() => {
    if (!inCall() || !media?.setMicrophoneActive) return;
    void media.setMicrophoneActive(!group.self().muted);
    void media.setCameraActive(group.self().camera !== null);
  });
}

function answerKeys(media: MediaSession, group: GroupStore): () => void {
  const keys: readonly (readonly [string, () => void])[] = [
    ["togglemicrophone", () => group.setMuted(!group.self().muted)],
    ["togglecamera", () => void group.setCamera(group.self().camera === null)],
    ["hangup", () => group.leave()],
  ];
  const set = (name: string, task: (() => void) | null): void => {
    try {
      media.setActionHandler(name as MediaSessionAction, task);
    } catch (error) {
      // A browser that does not know a key refuses it.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  for (const [name, task] of keys) set(name, task);
  return () => {
    for (const [name] of keys) set(name, null);
  };
}

export function usePageTitle(title: () => string): void {
  createEffect(() => {
    document.title = title();
  });
}
