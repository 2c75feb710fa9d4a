// The page around the client: leaving it during a call, its title, a handle for diagnosis.

import { createEffect, createMemo, onCleanup } from "solid-js";
import type { CallStore } from "../stores/calls";

declare global {
  interface Window {
    /** Read-only, for diagnosis: the peer connection of the call that is going on, whose `getStats` tells what it does. */
    zvonilkaCall?: { readonly peer: RTCPeerConnection | null };
  }
}

export function exposeForDiagnosis(call: CallStore): void {
  window.zvonilkaCall = {
    get peer() {
      return call.connection();
    },
  };
  onCleanup(() => delete window.zvonilkaCall);
}

/** Asks before a page with a call is closed, and hangs up when it is. */
export function guardPage(call: CallStore): void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (call.phase().kind === "active") event.preventDefault();
  };
  const leave = (): void => call.leave();
  window.addEventListener("beforeunload", ask);
  window.addEventListener("pagehide", leave);
  onCleanup(() => {
    window.removeEventListener("beforeunload", ask);
    window.removeEventListener("pagehide", leave);
  });
}

/** Keeps the screen on while pictures are shown, where the browser can. */
export function keepAwake(call: CallStore): void {
  const withPictures = createMemo(
    () => call.phase().kind === "active" && (call.media().camera !== null || call.media().remote.video !== null),
  );
  createEffect(() => {
    const wakeLock = navigator.wakeLock as WakeLock | undefined;
    if (!withPictures() || !wakeLock) return;
    // A hidden page or a low battery has its lock refused: the screen then goes off as it always does.
    const lock = wakeLock.request("screen").catch(() => null);
    onCleanup(() => void lock.then((held) => held?.release()));
  });
}

export function usePageTitle(title: () => string): void {
  createEffect(() => {
    document.title = title();
  });
}
