import { createRoot } from "solid-js";
import { afterEach, describe, expect, it } from "vitest";
import { ApiError } from "../api/failure";
import type { Change, Chat, ChatEvents, ChangePage, Message } from "../api/wire";
import { createChatsStore, type ChatsStore } from "./chats";

const ME = "me";
const CHAT = "chat";

function message(seq: number): Message {
  const sender = { id: "anna", username: "Анна" };
  const time = "2026-01-01T00:00:00.000Z";
  return {
    id: `m${seq}`,
    chatId: CHAT,
    chat: { id: CHAT, name: "" },
    senderId: "anna",
    sender,
    content: "…",
    kind: "text",
    seq,
    rev: seq,
    clientId: null,
    createdAt: time,
    updatedAt: time,
  };
}

/** A server with one chat, and one client before it. Requests are answered when the test says so. */
class World {
  posted = 0;
  readSeq = 0;
  asked: string[] = [];
  failing = false;
  store!: ChatsStore;
  private readonly heard = new Map<string, (payload: never) => void>();
  private dispose: () => void = () => {};

  constructor(posted: number) {
    this.posted = posted;
    createRoot((dispose) => {
      this.dispose = dispose;
      this.store = createChatsStore({
        api: {
          chats: () => this.answer("chats", [this.row()]),
          messages: (_chat, before) => this.answer(`messages ${before ?? "newest"}`, this.page(before)),
          changes: (_chat, after) => this.answer(`changes ${after}`, this.changesAfter(after)),
          markRead: (_chat, seq) => this.answer(`read ${seq}`, { readSeq: seq, unreadCount: this.posted - seq }),
          openPrivateChat: () => this.answer("private", this.row()),
        },
        events: {
          on: (name, heard) => {
            this.heard.set(name, heard as never);
            return () => this.heard.delete(name);
          },
          onLink: () => () => {},
          link: () => "up",
        },
        me: ME,
        after: () => () => {},
      });
    });
  }

  /** Someone posts; the client hears of it unless it is cut off. */
  post(isHeard = true): void {
    this.posted += 1;
    if (isHeard) this.emit("change", { chatId: CHAT, change: this.change(this.posted) });
  }

  emit<Name extends keyof ChatEvents>(name: Name, payload: Parameters<ChatEvents[Name]>[0]): void {
    this.heard.get(name)?.(payload as never);
  }

  reconnect(): void {
    this.emit("ready", { protocol: 1, capabilities: [], userId: ME, online: [], revs: { [CHAT]: this.posted } });
  }

  seqs(): number[] {
    return (this.store.log(CHAT)?.messages ?? []).map((each) => each.seq);
  }

  close(): void {
    this.dispose();
  }

  private answer<T>(name: string, value: T): Promise<T> {
    this.asked.push(name);
    return this.failing ? Promise.reject(new ApiError("network", 0)) : Promise.resolve(value);
  }

  private change(rev: number): Change {
    return { rev, type: "message", message: message(rev) };
  }

  private changesAfter(after: number): ChangePage {
    const changes = Array.from({ length: Math.min(200, this.posted - after) }, (_, index) => this.change(after + index + 1));
    return { rev: this.posted, changes, more: this.posted - after > 200 };
  }

  private page(before: number | null): { messages: Message[]; more: boolean } {
    const last = Math.min(this.posted, (before ?? this.posted + 1) - 1);
    const first = Math.max(1, last - 49);
    return { messages: Array.from({ length: last - first + 1 }, (_, index) => message(first + index)), more: first > 1 };
  }

  private row(): Chat {
    return {
      id: CHAT,
      name: "Семейный Чат",
      kind: "family",
      isPrivate: false,
      participants: [{ id: ME, username: "Я", readSeq: this.readSeq }],
      lastMessage: this.posted > 0 ? message(this.posted) : null,
      unreadCount: this.posted - this.readSeq,
      rev: this.posted,
      readSeq: this.readSeq,
      createdAt: "2026-01-01T00:00:00.000Z",
      updatedAt: "2026-01-01T00:00:00.000Z",
    };
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
};
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe("the chats of a user", () => {
  const worlds: World[] = [];
  async function world(posted: number): Promise<World> {
    const made = new World(posted);
    worlds.push(made);
    await settle();
    made.store.open(CHAT);
    await settle();
    return made;
  }
  afterEach(() => {
    for (const each of worlds.splice(0)) each.close();
  });

  it("open at the newest messages, and page upward without holes", async () => {
    const w = await world(120);
    expect(w.seqs()).toEqual(range(71, 120));
    w.store.loadOlder(CHAT);
    await settle();
    expect(w.seqs()).toEqual(range(21, 120));
    w.store.loadOlder(CHAT);
    await settle();
    expect(w.seqs()).toEqual(range(1, 120));
    expect(w.store.log(CHAT)?.more).toBe(false);
  });

  it("follow live changes without asking", async () => {
    const w = await world(3);
    const asked = w.asked.length;
    w.post();
    w.post();
    await settle();
    expect(w.seqs()).toEqual(range(1, 5));
    expect(w.store.row(CHAT)).toMatchObject({ rev: 5, unreadCount: 5 });
    expect(w.asked).toHaveLength(asked);
  });

  it("ask for what was missed when a change skips", async () => {
    const w = await world(3);
    w.post(false);
    w.post(false);
    w.post();
    await settle();
    expect(w.seqs()).toEqual(range(1, 6));
    expect(w.asked).toContain("changes 3");
    expect(w.store.row(CHAT)).toMatchObject({ rev: 6, unreadCount: 6 });
  });

  it("lose and double nothing over a reconnection", async () => {
    const w = await world(3);
    for (let i = 0; i < 450; i += 1) w.post(false);
    w.reconnect();
    w.post();
    await settle();
    expect(w.seqs()).toEqual(range(1, 454));
  });

  it("ask for nothing after a reconnection in which nothing was missed", async () => {
    const w = await world(3);
    const asked = w.asked.length;
    w.reconnect();
    await settle();
    expect(w.asked).toHaveLength(asked);
  });

  it("load the newest page again when very much was missed", async () => {
    const w = await world(3);
    for (let i = 0; i < 2_000; i += 1) w.post(false);
    w.reconnect();
    await settle();
    expect(w.seqs()).toEqual(range(1954, 2003));
  });

  it("have nothing unread once they were read, and have it again if the server did not hear", async () => {
    const w = await world(3);
    w.store.markRead(CHAT, 3);
    expect(w.store.unread()).toBe(0);
    await settle();
    w.post();
    w.failing = true;
    w.store.markRead(CHAT, 4);
    expect(w.store.unread()).toBe(0);
    await settle();
    expect(w.store.unread()).toBe(1);
  });

  it("say that they did not load, and load when asked again", async () => {
    const w = new World(3);
    worlds.push(w);
    w.failing = true;
    w.store.reload();
    await settle();
    w.store.open(CHAT);
    await settle();
    expect(w.store.log(CHAT)?.state).toBe("failed");
    w.failing = false;
    w.store.open(CHAT);
    await settle();
    expect(w.store.log(CHAT)?.state).toBe("ready");
    expect(w.seqs()).toEqual(range(1, 3));
  });
});
