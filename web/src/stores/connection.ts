// Whether the server is in reach, in the words of the banner.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { Connection } from "../api/socket";

/** `back` is shown for a moment after a loss that was shown. */
export type ConnectionState = "fine" | "lost" | "offline" | "back";

export interface ConnectionOptions {
  connection: Connection;
  /** `navigator.onLine` and its events. */
  network: { online(): boolean; listen(heard: () => void): () => void };
  after(ms: number, task: () => void): () => void;
  onUp(): void;
}

/** A shorter break, such as a server that restarts, needs no words. */
const QUIET_MS = 1_500;
const BACK_MS = 2_500;

export function createConnectionStore({ connection, network, after, onUp }: ConnectionOptions): Accessor<ConnectionState> {
  const [state, setState] = createSignal<ConnectionState>("fine");
  let cancel: () => void = () => {};
  let waiting = false;

  function review(): void {
    const up = connection.chat.link() === "up" && connection.calls.link() === "up";
    if (up) return recovered();
    if (state() === "lost" || state() === "offline") {
      setState(network.online() ? "lost" : "offline");
    } else if (!waiting) {
      waiting = true;
      cancel();
      cancel = after(QUIET_MS, () => {
        waiting = false;
        setState(network.online() ? "lost" : "offline");
      });
    }
  }

  function recovered(): void {
    cancel();
    waiting = false;
    onUp();
    if (state() === "fine" || state() === "back") return;
    setState("back");
    cancel = after(BACK_MS, () => setState("fine"));
  }

  const stops = [
    connection.chat.onLink(review),
    connection.calls.onLink(review),
    network.listen(() => {
      if (network.online()) connection.retry();
      review();
    }),
  ];
  onCleanup(() => {
    cancel();
    for (const stop of stops) stop();
  });
  review();
  return state;
}

export const browserNetwork: ConnectionOptions["network"] = {
  online: () => navigator.onLine,
  listen(heard) {
    window.addEventListener("online", heard);
    window.addEventListener("offline", heard);
    return () => {
      window.removeEventListener("online", heard);
      window.removeEventListener("offline", heard);
    };
  },
};
