// The messages of a chat as they are shown: with days between, in runs by one author, those on their way at the end. Pure.

import type { Message, Participant, UserId } from "../api/wire";
import { daysBetween } from "../i18n/time";
import type { Outgoing } from "../stores/outbox";

export type SendState = "sending" | "failed" | "sent" | "read";

export interface LogItem {
  key: string;
  /** Null while the server has not taken it. */
  seq: number | null;
  clientId: string | null;
  senderId: UserId;
  senderName: string;
  content: string;
  at: string;
  own: boolean;
  /** Of a run by one author within one day and ten minutes. */
  first: boolean;
  last: boolean;
  /** A new day begins with it. */
  day: boolean;
  /** The first that was not read when the chat was opened. */
  firstNew: boolean;
  /** Of own messages; null for those of others. */
  state: SendState | null;
}

export interface LogView {
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  participants: readonly Participant[];
  me: UserId;
  /** `readSeq` when the chat was opened; null if nothing was unread then. */
  readAtOpening: number | null;
}

const RUN_MS = 10 * 60_000;

export function logItems(view: LogView, previous: readonly LogItem[] = []): readonly LogItem[] {
  const { messages, outgoing, me } = view;
  const readBy = readByAll(view.participants, me);
  const sent = new Set(messages.map((message) => message.clientId));
  const bare: LogItem[] = [
    ...messages.map((message) => fromMessage(message, me, readBy)),
    ...outgoing.filter((item) => !sent.has(item.clientId)).map((item) => fromOutgoing(item, me)),
  ];
  const { readAtOpening } = view;
  const firstNew =
    readAtOpening === null ? undefined : bare.find((item) => !item.own && item.seq !== null && item.seq > readAtOpening)?.key;
  const known = new Map(previous.map((item) => [item.key, item]));
  return bare.map((item, index) => {
    const before = bare[index - 1];
    const behind = bare[index + 1];
    const next: LogItem = {
      ...item,
      day: !before || !sameDay(before, item),
      firstNew: item.key === firstNew,
      first: !before || !sameRun(before, item),
      last: !behind || !sameRun(item, behind),
    };
    const old = known.get(item.key);
    return old && same(old, next) ? old : next;
  });
}

/** Up to which `seq` everybody else has read. */
export function readByAll(participants: readonly Participant[], me: UserId): number {
  const others = participants.filter((each) => each.id !== me);
  return others.length === 0 ? 0 : Math.min(...others.map((each) => each.readSeq));
}

function fromMessage(message: Message, me: UserId, readBy: number): LogItem {
  const own = message.senderId === me;
  return {
    key: own && message.clientId !== null ? `o-${message.clientId}` : message.id,
    seq: message.seq,
    clientId: message.clientId,
    senderId: message.senderId,
    senderName: message.sender.username,
    content: message.content,
    at: message.createdAt,
    own,
    first: true,
    last: true,
    day: false,
    firstNew: false,
    state: own ? (message.seq <= readBy ? "read" : "sent") : null,
  };
}

function fromOutgoing(item: Outgoing, me: UserId): LogItem {
  return {
    key: `o-${item.clientId}`,
    seq: null,
    clientId: item.clientId,
    senderId: me,
    senderName: "",
    content: item.content,
    at: item.createdAt,
    own: true,
    first: true,
    last: true,
    day: false,
    firstNew: false,
    state: item.refused === null ? "sending" : "failed",
  };
}

function sameDay(a: LogItem, b: LogItem): boolean {
  return daysBetween(new Date(a.at), new Date(b.at)) === 0;
}

function sameRun(a: LogItem, b: LogItem): boolean {
  return a.senderId === b.senderId && sameDay(a, b) && Math.abs(Date.parse(b.at) - Date.parse(a.at)) < RUN_MS && !b.firstNew;
}

function same(a: LogItem, b: LogItem): boolean {
  return (Object.keys(a) as (keyof LogItem)[]).every((key) => a[key] === b[key]);
}
