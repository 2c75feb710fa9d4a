// The service worker: it keeps the shell for a start without a network, and says when a new version waits.

import { registerSW } from "virtual:pwa-register";

let heard: ((apply: () => void) => void) | null = null;
let waiting: (() => void) | null = null;

export function registerShell(): void {
  const update = registerSW({
    onNeedRefresh() {
      waiting = () => void update(true);
      heard?.(waiting);
    },
  });
}

/** Calls `listener` with what applies the update, at once if one waits. */
export function watchForUpdate(listener: (apply: () => void) => void): void {
  heard = listener;
  if (waiting) listener(waiting);
}
