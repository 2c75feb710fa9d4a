// The one Socket.IO connection with its two namespaces: websocket only, a fresh token for each handshake, reconnecting for ever.

import { Manager, type Socket as IoSocket } from "socket.io-client";
import { ApiError } from "./failure";
import type { GroupEvents, GroupRequests } from "./group";
import type { Tokens } from "./tokens";
import type { Ack, CallEvents, CallRequests, ChatEvents } from "./wire";

export type Link = "connecting" | "up" | "down";

/** Where a store hears the server; `on` returns how to stop listening. */
export interface EventSource<Events> {
  on<Name extends keyof Events & string>(name: Name, heard: Events[Name]): () => void;
  /** Calls `heard` with each change of the namespace's link. */
  onLink(heard: (link: Link) => void): () => void;
  link(): Link;
}

type AnyCallEvents = CallEvents & GroupEvents;
type AnyCallRequests = CallRequests & GroupRequests;

export interface CallChannel extends EventSource<AnyCallEvents> {
  /** Sends and waits for the acknowledgement, `within` milliseconds. Rejects with `ApiError`, `network` if the connection broke or nothing came. */
  request<Name extends keyof AnyCallRequests>(
    name: Name,
    payload: AnyCallRequests[Name]["send"],
    within?: number,
  ): Promise<AnyCallRequests[Name]["ok"]>;
  /** Sends without waiting: for a page that is going away. */
  tell<Name extends keyof AnyCallRequests>(name: Name, payload: AnyCallRequests[Name]["send"]): void;
}

export interface Connection {
  chat: EventSource<ChatEvents>;
  calls: CallChannel;
  /** Tries again at once, for instance when the device is back on a network. */
  retry(): void;
  /** While in a call, attempts to reconnect are close together. */
  hurry(on: boolean): void;
  close(): void;
}

const ACK_MS = 8_000;
/** Socket.IO does not come back by itself from a refusal or a disconnect by the server. */
const REFUSED_RETRY_MS = 3_000;
/** The first wait before an attempt to reconnect, the longest one, and how long an attempt may take. */
const PATIENT = { first: 500, longest: 10_000, attempt: 20_000 };
const HURRIED = { first: 250, longest: 1_000, attempt: 8_000 };

export function connect(url: string, tokens: Tokens, onEnded: () => void): Connection {
  const manager = new Manager(url, {
    transports: ["websocket"],
    reconnectionAttempts: Number.POSITIVE_INFINITY,
    reconnectionDelay: PATIENT.first,
    reconnectionDelayMax: PATIENT.longest,
    timeout: PATIENT.attempt,
    randomizationFactor: 0.5,
    autoConnect: false,
  });
  const auth = (give: (data: object) => void): void => {
    void tokens.fresh().then((token) => give({ token, protocol: 1 }));
  };
  let hurried = false;
  const refusedRetry = (): number => (hurried ? HURRIED.longest : REFUSED_RETRY_MS);
  const chat = namespace<ChatEvents>(manager.socket("/", { auth }), onEnded, refusedRetry);
  const calls = namespace<AnyCallEvents>(manager.socket("/calls", { auth }), onEnded, refusedRetry);
  chat.socket.connect();
  calls.socket.connect();

  return {
    chat: chat.source,
    calls: { ...calls.source, ...requests(calls.socket) },
    retry() {
      if (chat.socket.connected && calls.socket.connected) return;
      // Closing both namespaces also ends the manager's wait; opening it beside that wait would stop later reconnections.
      for (const { socket } of [chat, calls]) socket.disconnect();
      for (const { socket } of [chat, calls]) socket.connect();
    },
    hurry(on) {
      hurried = on;
      const pace = on ? HURRIED : PATIENT;
      manager.reconnectionDelay(pace.first);
      manager.reconnectionDelayMax(pace.longest);
      manager.timeout(pace.attempt);
    },
    close() {
      chat.close();
      calls.close();
    },
  };
}

interface Namespace<Events> {
  socket: IoSocket;
  source: EventSource<Events>;
  close(): void;
}

function namespace<Events>(socket: IoSocket, onEnded: () => void, refusedRetry: () => number): Namespace<Events> {
  let link: Link = "connecting";
  let retry: number | undefined;
  const listeners = new Set<(link: Link) => void>();
  const set = (next: Link): void => {
    if (link === next) return;
    link = next;
    for (const heard of [...listeners]) heard(next);
  };
  const later = (): void => {
    window.clearTimeout(retry);
    retry = window.setTimeout(() => socket.connect(), refusedRetry());
  };
  socket.on("connect", () => {
    window.clearTimeout(retry);
    set("up");
  });
  socket.on("disconnect", () => {
    set("down");
    if (!socket.active) later();
  });
  socket.on("connect_error", () => {
    set("down");
    if (!socket.active) later();
  });
  socket.on("session_ended", onEnded);
  return {
    socket,
    source: {
      on(name, heard) {
        socket.on(name, heard as never);
        return () => socket.off(name, heard as never);
      },
      onLink(heard) {
        listeners.add(heard);
        return () => listeners.delete(heard);
      },
      link: () => link,
    },
    close() {
      window.clearTimeout(retry);
      listeners.clear();
      socket.removeAllListeners();
      socket.disconnect();
    },
  };
}

function requests(socket: IoSocket): Pick<CallChannel, "request" | "tell"> {
  return {
    async request(name, payload, within = ACK_MS) {
      // A disconnected socket would keep the event and send it before the call is joined again.
      if (!socket.connected) throw new ApiError("network", 0);
      const ack = (await socket
        .timeout(within)
        .emitWithAck(name, payload)
        .catch(() => {
          // Connected, yet no answer: a path that died in silence, as when a phone changes its network. A new one is found at once.
          if (socket.connected) socket.io.engine.close();
          throw new ApiError("network", 0);
        })) as Ack<never>;
      if ("error" in ack) throw new ApiError(ack.error.code, 400);
      return ack.ok;
    },
    tell(name, payload) {
      if (socket.connected) socket.emit(name, payload);
    },
  };
}
