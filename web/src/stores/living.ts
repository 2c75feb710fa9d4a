// The group calls that go on in this account's chats, and which of them ring here.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { GroupCall } from "../api/group";
import type { CallChannel } from "../api/socket";
import type { CallId, CallType, ChatId, Person, UserId } from "../api/wire";

/** A call that rings here, or one that began while this account is in another (`busy`: shown, not heard). */
export interface GroupRing {
  call: CallId;
  chat: ChatId;
  chatName: string;
  type: CallType;
  from: Person;
  busy: boolean;
}

export interface LivingCalls {
  calls: Accessor<ReadonlyMap<ChatId, GroupCall>>;
  /** Newest first. */
  rings: Accessor<readonly GroupRing[]>;
  find(call: CallId): GroupCall | null;
  /** Takes a call as an answer of the server tells it. */
  take(call: GroupCall): void;
  /** Lets a call ring here no more. */
  hush(call: CallId): void;
}

export interface LivingCallsOptions {
  channel: Pick<CallChannel, "on" | "onLink">;
  me: UserId;
  after(ms: number, task: () => void): () => void;
}

/** After a loss the server names all living calls at once; the others are over. */
const CONFIRM_MS = 3_000;
/** A notice does not ask for anything. */
const NOTICE_MS = 15_000;
/** The server ends the ringing; this is for one that cannot be reached. */
const OVERDUE_MS = 5_000;

export function createLivingCalls({ channel, me, after }: LivingCallsOptions): LivingCalls {
  const [calls, setCalls] = createSignal<ReadonlyMap<ChatId, GroupCall>>(new Map());
  const [rings, setRings] = createSignal<readonly GroupRing[]>([]);
  /** Known from before the connection was lost. */
  let unconfirmed = new Set<CallId>();
  const timers = new Map<CallId, () => void>();
  let stopConfirming: () => void = () => {};

  function find(id: CallId): GroupCall | null {
    return [...calls().values()].find((call) => call.id === id) ?? null;
  }

  function take(call: GroupCall): void {
    const known = calls().get(call.chatId);
    // A server that was restarted may count versions from the start.
    const stale = known?.id === call.id && known.version > call.version && !unconfirmed.has(call.id);
    unconfirmed.delete(call.id);
    if (stale) return;
    setCalls(new Map(calls()).set(call.chatId, call));
    if (!call.ringing.includes(me)) drop(call.id, false);
  }

  function end(id: CallId): void {
    unconfirmed.delete(id);
    drop(id, true);
    setCalls(new Map([...calls()].filter(([, call]) => call.id !== id)));
  }

  function ring(call: GroupCall, from: Person, chatName: string, busy: boolean, ms: number): void {
    take(call);
    const { id, chatId: chat, type } = call;
    setRings([{ call: id, chat, chatName, type, from, busy }, ...rings().filter((each) => each.call !== id)]);
    timers.get(id)?.();
    timers.set(
      id,
      after(ms, () => drop(id, true)),
    );
  }

  /** Ends the ringing, and if `all` a notice as well. */
  function drop(id: CallId, all: boolean): void {
    const left = rings().filter((each) => each.call !== id || (each.busy && !all));
    if (left.length === rings().length) return;
    timers.get(id)?.();
    timers.delete(id);
    setRings(left);
  }

  const stops = [
    channel.on("group_call", ({ call }) => take(call)),
    channel.on("group_incoming", ({ call, from, chatName, expiresIn }) => ring(call, from, chatName, false, expiresIn + OVERDUE_MS)),
    channel.on("group_notice", ({ call, from, chatName }) => ring(call, from, chatName, true, NOTICE_MS)),
    channel.on("group_stop_ringing", ({ callId }) => drop(callId, true)),
    channel.on("group_ended", ({ callId }) => end(callId)),
    channel.onLink((link) => {
      stopConfirming();
      unconfirmed = new Set([...calls().values()].map((call) => call.id));
      if (link !== "up") return;
      stopConfirming = after(CONFIRM_MS, () => {
        for (const id of [...unconfirmed]) end(id);
      });
    }),
  ];
  onCleanup(() => {
    stopConfirming();
    for (const cancel of timers.values()) cancel();
    for (const stop of stops) stop();
  });

  return { calls, rings, find, take, hush: (id) => drop(id, true) };
}
