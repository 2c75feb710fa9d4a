// The service worker: it keeps the shell for a start without a network, and says when a new version waits.

import { registerSW } from "virtual:pwa-register";

/** A page that stays open for days asks for itself. */
const ASK_EVERY_MS = 60 * 60_000;

let heard: ((apply: () => void) => void) | null = null;
let waiting: (() => void) | null = null;

export function registerShell(): void {
  const update = registerSW({
    onRegisteredSW(_url, registration) {
      if (!registration) return;
      // Without a network there is no answer; the next hour asks again.
      window.setInterval(() => void registration.update().catch(() => undefined), ASK_EVERY_MS);
    },
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
