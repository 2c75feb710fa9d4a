import { describe, expect, it } from "vitest";
import type { Change, Chat, Message } from "../api/wire";
import { applyPage, applyToLog, applyToRow, merge, newerRow, withOlder, withSent, type Log } from "./sync";

const ME = "me";

function message(seq: number, senderId = "anna", rev = seq): Message {
  return {
    id: `m${seq}`,
    chatId: "chat",
    chat: { id: "chat", name: "" },
    senderId,
    sender: { id: senderId, username: senderId },
    content: `text ${rev}`,
    kind: "text",
    seq,
    rev,
    clientId: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
  };
}

const posted = (seq: number, senderId?: string): Change => ({ rev: seq, type: "message", message: message(seq, senderId) });
const read = (rev: number, userId: string, seq: number): Change => ({ rev, type: "read", userId, seq });

function row(fields: Partial<Chat> = {}): Chat {
  return {
    id: "chat",
    name: "Семейный Чат",
    kind: "family",
    isPrivate: false,
    participants: [
      { id: ME, username: "Я", readSeq: 0 },
      { id: "anna", username: "Анна", readSeq: 0 },
    ],
    lastMessage: null,
    unreadCount: 0,
    rev: 0,
    readSeq: 0,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
    ...fields,
  };
}

const log = (rev: number, ...seqs: number[]): Log => ({ rev, messages: seqs.map((seq) => message(seq)), more: false });
const seqs = (of: Log): number[] => of.messages.map((each) => each.seq);

describe("the row of a chat", () => {
  it("counts a message of another as unread, and its own not", () => {
    const first = applyToRow(row(), posted(1), ME);
    expect(first).toMatchObject({ kind: "applied", row: { rev: 1, unreadCount: 1 } });
    expect(applyToRow(row({ rev: 1 }), posted(2, ME), ME)).toMatchObject({ kind: "applied", row: { unreadCount: 0 } });
  });

  it("counts a repeated change once", () => {
    expect(applyToRow(row({ rev: 1, unreadCount: 1 }), posted(1), ME)).toEqual({ kind: "repeat" });
  });

  it("finds that a change was missed", () => {
    expect(applyToRow(row({ rev: 1 }), posted(3), ME)).toEqual({ kind: "gap" });
  });

  it("does not count a later change of a message as a new message", () => {
    const edited: Change = { rev: 3, type: "message", message: message(1, "anna", 3) };
    expect(applyToRow(row({ rev: 2, lastMessage: message(1), readSeq: 1 }), edited, ME)).toMatchObject({
      kind: "applied",
      row: { unreadCount: 0, lastMessage: { content: "text 3" } },
    });
  });

  it("has nothing unread when another device of this user read to the end", () => {
    const state = row({ rev: 5, lastMessage: message(5), unreadCount: 4, readSeq: 1 });
    expect(applyToRow(state, read(6, ME, 5), ME)).toMatchObject({ kind: "applied", row: { unreadCount: 0, readSeq: 5 } });
  });

  it("asks the server how many are unread when another device read a part", () => {
    const state = row({ rev: 5, lastMessage: message(5), unreadCount: 4, readSeq: 1 });
    expect(applyToRow(state, read(6, ME, 3), ME)).toMatchObject({ kind: "uncounted", row: { readSeq: 3 } });
  });

  it("moves the mark of who read, and never back", () => {
    const forth = applyToRow(row({ rev: 5 }), read(6, "anna", 4), ME);
    expect(forth).toMatchObject({ row: { participants: [{ readSeq: 0 }, { readSeq: 4 }] } });
    if (forth.kind !== "applied") throw new Error(forth.kind);
    expect(applyToRow(forth.row, read(7, "anna", 2), ME)).toMatchObject({ row: { participants: [{ readSeq: 0 }, { readSeq: 4 }] } });
  });

  it("is not taken back by an answer that live changes overtook", () => {
    const live = row({ rev: 9 });
    expect(newerRow(live, row({ rev: 8 }))).toBe(live);
    expect(newerRow(live, row({ rev: 10 }))).toMatchObject({ rev: 10 });
    expect(newerRow(undefined, row({ rev: 1 }))).toMatchObject({ rev: 1 });
  });
});

describe("the log of a chat", () => {
  it("takes the next change, refuses a repeat, finds a gap", () => {
    const step = applyToLog(log(2, 1, 2), posted(3));
    expect(step.kind === "applied" && seqs(step.log)).toEqual([1, 2, 3]);
    expect(applyToLog(log(2, 1, 2), posted(2))).toEqual({ kind: "repeat" });
    expect(applyToLog(log(2, 1, 2), posted(4))).toEqual({ kind: "gap" });
  });

  it("follows a page of changes whose revisions have holes", () => {
    const page = { rev: 9, changes: [posted(4), { rev: 8, type: "message", message: message(3, "anna", 8) } as Change], more: false };
    const next = applyPage(log(3, 1, 2, 3), page);
    expect(next.rev).toBe(9);
    expect(next.messages.map((each) => each.content)).toEqual(["text 1", "text 2", "text 8", "text 4"]);
  });

  it("goes on from the last change of a page that is not the last", () => {
    expect(applyPage(log(3, 3), { rev: 90, changes: [posted(4), posted(5)], more: true }).rev).toBe(5);
  });

  it("shows a message once, whether its answer or its change comes first", () => {
    const sent = withSent(log(2, 1, 2), message(4, ME));
    expect(sent.rev).toBe(2);
    const between = applyToLog(sent, posted(3));
    if (between.kind !== "applied") throw new Error(between.kind);
    const own = applyToLog(between.log, posted(4, ME));
    expect(own.kind === "applied" && seqs(own.log)).toEqual([1, 2, 3, 4]);
  });

  it("puts older messages in front, each once", () => {
    const older = withOlder({ ...log(5, 4, 5), more: true }, { messages: [message(2), message(3), message(4)], more: false });
    expect(seqs(older)).toEqual([2, 3, 4, 5]);
    expect(older.more).toBe(false);
  });

  it("makes no hole above the loaded part by a change of something older", () => {
    const edited: Change = { rev: 6, type: "message", message: message(1, "anna", 6) };
    const step = applyToLog({ ...log(5, 4, 5), more: true }, edited);
    expect(step.kind === "applied" && seqs(step.log)).toEqual([4, 5]);
    expect(step.kind === "applied" && step.log.rev).toBe(6);
  });

  it("keeps the later state of a message", () => {
    expect(merge([message(1, "anna", 5)], [message(1, "anna", 1)]).map((each) => each.rev)).toEqual([5]);
    expect(merge([message(1, "anna", 1)], [message(1, "anna", 5)]).map((each) => each.rev)).toEqual([5]);
  });
});
