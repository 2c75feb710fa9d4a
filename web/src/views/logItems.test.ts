import { describe, expect, it } from "vitest";
import type { Message } from "../api/wire";
import type { Outgoing } from "../stores/outbox";
import { logItems, type LogView } from "./logItems";

const ME = "me";
const at = (day: number, minute: number): string => new Date(2026, 0, day, 12, minute).toISOString();

function message(seq: number, senderId: string, createdAt: string, clientId: string | null = null): Message {
  const sender = { id: senderId, username: senderId };
  return {
    id: `m${seq}`,
    chatId: "chat",
    chat: { id: "chat", name: "" },
    senderId,
    sender,
    content: "…",
    kind: "text",
    seq,
    rev: seq,
    clientId,
    createdAt,
    updatedAt: createdAt,
  };
}

const waiting = (clientId: string, refused: string | null = null): Outgoing => ({
  clientId,
  chatId: "chat",
  content: "…",
  createdAt: at(1, 9),
  refused,
});

const view = (fields: Partial<LogView>): LogView => ({
  messages: [],
  outgoing: [],
  participants: [
    { id: ME, username: "Я", readSeq: 0 },
    { id: "anna", username: "Анна", readSeq: 0 },
  ],
  me: ME,
  readAtOpening: null,
  ...fields,
});

describe("the messages as they are shown", () => {
  it("stand in runs by one author", () => {
    const items = logItems(view({ messages: [message(1, "anna", at(1, 0)), message(2, "anna", at(1, 1)), message(3, ME, at(1, 2))] }));
    expect(items.map(({ first, last }) => [first, last])).toEqual([
      [true, false],
      [false, true],
      [true, true],
    ]);
  });

  it("begin a new run after a pause", () => {
    const items = logItems(view({ messages: [message(1, "anna", at(1, 0)), message(2, "anna", at(1, 30))] }));
    expect(items.map((item) => item.first)).toEqual([true, true]);
  });

  it("have a day above the first of each day", () => {
    const items = logItems(view({ messages: [message(1, "anna", at(1, 0)), message(2, "anna", at(1, 1)), message(3, "anna", at(2, 0))] }));
    expect(items.map((item) => item.day)).toEqual([true, false, true]);
  });

  it("are read when everybody else read them", () => {
    const participants = [
      { id: ME, username: "Я", readSeq: 0 },
      { id: "anna", username: "Анна", readSeq: 2 },
      { id: "dima", username: "Дима", readSeq: 1 },
    ];
    const items = logItems(view({ participants, messages: [message(1, ME, at(1, 0)), message(2, ME, at(1, 1))] }));
    expect(items.map((item) => item.state)).toEqual(["read", "sent"]);
  });

  it("show what is on its way at the end, and never twice", () => {
    const sent = message(1, ME, at(1, 0), "id1");
    const items = logItems(view({ messages: [sent], outgoing: [waiting("id1"), waiting("id2"), waiting("id3", "message.long")] }));
    expect(items.map((item) => item.state)).toEqual(["sent", "sending", "failed"]);
  });

  it("keep their place in the list when the server has taken them", () => {
    const before = logItems(view({ outgoing: [waiting("id1")] }));
    const after = logItems(view({ messages: [message(1, ME, at(1, 9), "id1")] }), before);
    expect(after[0]?.key).toBe(before[0]?.key);
  });

  it("mark the first of others that was not read at the opening", () => {
    const messages = [message(1, "anna", at(1, 0)), message(2, ME, at(1, 1)), message(3, "anna", at(1, 2)), message(4, "anna", at(1, 3))];
    expect(logItems(view({ messages, readAtOpening: 1 })).map((item) => item.firstNew)).toEqual([false, false, true, false]);
    expect(logItems(view({ messages, readAtOpening: null })).some((item) => item.firstNew)).toBe(false);
  });

  it("are the same objects as long as nothing of them changes", () => {
    const messages = [message(1, "anna", at(1, 0)), message(2, "anna", at(1, 1))];
    const before = logItems(view({ messages }));
    const after = logItems(view({ messages: [...messages, message(3, ME, at(1, 2))] }), before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
  });
});
