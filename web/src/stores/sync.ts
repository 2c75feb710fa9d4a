// How a chat follows the server by `rev`: its row in the list, and its log of messages. Pure.

import type { Change, Chat, Message, UserId } from "../api/wire";

/** The loaded part of a chat: a run without holes that reaches to the newest message. */
export interface Log {
  /** Every change up to this one is in `messages`. */
  rev: number;
  /** By `seq`. */
  messages: readonly Message[];
  /** There are older ones on the server. */
  more: boolean;
}

export type RowStep =
  | { kind: "applied"; row: Chat }
  | { kind: "repeat" }
  /** Something was missed: the row is to be asked for. */
  | { kind: "gap" }
  /** Applied, but how many are unread only the server knows. */
  | { kind: "uncounted"; row: Chat };

export function applyToRow(row: Chat, change: Change, me: UserId): RowStep {
  if (change.rev <= row.rev) return { kind: "repeat" };
  if (change.rev > row.rev + 1) return { kind: "gap" };
  switch (change.type) {
    case "message":
      return { kind: "applied", row: withMessage(row, change.rev, change.message, me) };
    case "read":
      return withRead(row, change.rev, change.userId, change.seq, me);
  }
}

function withMessage(row: Chat, rev: number, message: Message, me: UserId): Chat {
  const posted = message.seq === rev;
  const unread = posted && message.senderId !== me && message.seq > row.readSeq;
  const isLast = !row.lastMessage || message.seq >= row.lastMessage.seq;
  return {
    ...row,
    rev,
    lastMessage: isLast ? message : row.lastMessage,
    unreadCount: row.unreadCount + (unread ? 1 : 0),
  };
}

function withRead(row: Chat, rev: number, userId: UserId, seq: number, me: UserId): RowStep {
  const participants = row.participants.map((each) => (each.id === userId && each.readSeq < seq ? { ...each, readSeq: seq } : each));
  if (userId !== me) return { kind: "applied", row: { ...row, rev, participants } };
  const next = { ...row, rev, participants, readSeq: Math.max(row.readSeq, seq) };
  if (!row.lastMessage || next.readSeq >= row.lastMessage.seq) return { kind: "applied", row: { ...next, unreadCount: 0 } };
  return row.unreadCount === 0 ? { kind: "applied", row: next } : { kind: "uncounted", row: next };
}

/** An answer that was overtaken by live changes must not take them back. */
export function newerRow(known: Chat | undefined, fetched: Chat): Chat {
  return known && known.rev > fetched.rev ? known : fetched;
}

export type LogStep = { kind: "applied"; log: Log } | { kind: "repeat" } | { kind: "gap" };

export function applyToLog(log: Log, change: Change): LogStep {
  if (change.rev <= log.rev) return { kind: "repeat" };
  if (change.rev > log.rev + 1) return { kind: "gap" };
  return { kind: "applied", log: take(log, change, change.rev) };
}

/** Applies a page of `GET /chats/{id}/changes`, whose revisions have holes: a message that changed twice comes once. */
export function applyPage(log: Log, page: { rev: number; changes: readonly Change[]; more: boolean }): Log {
  let next = log;
  for (const change of page.changes) next = take(next, change, Math.max(next.rev, change.rev));
  return page.more ? next : { ...next, rev: Math.max(next.rev, page.rev) };
}

function take(log: Log, change: Change, rev: number): Log {
  switch (change.type) {
    case "message": {
      // A change of a message that is older than what is loaded waits on the server until it is paged in.
      const oldest = log.messages[0];
      if (log.more && oldest && change.message.seq < oldest.seq) return { ...log, rev };
      return { ...log, rev, messages: merge(log.messages, [change.message]) };
    }
    case "read":
      return { ...log, rev };
  }
}

/** Adds the server's answer to our own sending; its change comes by `rev` as well. */
export function withSent(log: Log, message: Message): Log {
  return { ...log, messages: merge(log.messages, [message]) };
}

export function withOlder(log: Log, page: { messages: readonly Message[]; more: boolean }): Log {
  return { ...log, messages: merge(log.messages, page.messages), more: page.more };
}

/** Returns both by `seq`, each once, in its later state. */
export function merge(known: readonly Message[], added: readonly Message[]): readonly Message[] {
  const last = known.at(-1);
  if (added.length === 1 && added[0] && (!last || added[0].seq > last.seq)) return [...known, added[0]];
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of added) {
    const old = byId.get(message.id);
    if (!old || old.rev <= message.rev) byId.set(message.id, message);
  }
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}
