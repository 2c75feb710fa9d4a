import { createRoot } from "solid-js";
import { afterEach, describe, expect, it } from "vitest";
import { ApiError } from "../api/failure";
import type { Message } from "../api/wire";
import { createOutbox, type OutboxStorage, type Outgoing } from "./outbox";

type Outcome = "ok" | ApiError;

/** An outbox before a server whose outcomes are given; `kept` outlives a reload. */
class Desk {
  kept: readonly Outgoing[] = [];
  posted: string[] = [];
  ids: string[] = [];
  outcomes: Outcome[] = [];
  timers: { ms: number; task: () => void }[] = [];
  private next = 0;
  private dispose: () => void = () => {};

  open() {
    this.dispose();
    const storage: OutboxStorage = { read: () => this.kept, write: (items) => void (this.kept = items), listen: () => () => {} };
    return createRoot((dispose) => {
      this.dispose = dispose;
      return createOutbox({
        api: {
          send: (chatId, content, clientId) => {
            const outcome = this.outcomes.shift() ?? "ok";
            this.ids.push(clientId);
            if (outcome !== "ok") return Promise.reject(outcome);
            this.posted.push(content);
            return Promise.resolve({ chatId, content, clientId } as Message);
          },
        },
        storage,
        exclusive: (task) => task(),
        newId: () => `id${(this.next += 1)}`,
        now: () => "2026-01-01T00:00:00.000Z",
        after: (ms, task) => {
          const timer = { ms, task };
          this.timers.push(timer);
          return () => void (this.timers = this.timers.filter((each) => each !== timer));
        },
        onSent: () => {},
      });
    });
  }

  close(): void {
    this.dispose();
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
};
const NETWORK = new ApiError("network", 0);

describe("the outbox", () => {
  const desks: Desk[] = [];
  const desk = (): Desk => {
    const made = new Desk();
    desks.push(made);
    return made;
  };
  afterEach(() => {
    for (const each of desks.splice(0)) each.close();
  });

  it("sends in the order in which things were written", async () => {
    const d = desk();
    const outbox = d.open();
    for (const text of ["один", "два", "три"]) outbox.send("chat", text);
    await settle();
    expect(d.posted).toEqual(["один", "два", "три"]);
    expect(d.kept).toEqual([]);
  });

  it("waits and sends again under the same id when the network fails, before anything later", async () => {
    const d = desk();
    d.outcomes = [NETWORK];
    const outbox = d.open();
    outbox.send("chat", "один");
    outbox.send("chat", "два");
    await settle();
    expect(d.posted).toEqual([]);
    expect(outbox.of("chat").map((item) => item.refused)).toEqual([null, null]);
    d.timers.shift()?.task();
    await settle();
    expect(d.posted).toEqual(["один", "два"]);
    expect(d.ids).toEqual(["id1", "id1", "id2"]);
  });

  it("waits longer each time, and as long as the server says", async () => {
    const d = desk();
    d.outcomes = [NETWORK, NETWORK, new ApiError("rate", 429, {}, 7)];
    d.open().send("chat", "один");
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await settle();
      const timer = d.timers.shift();
      waits.push(timer?.ms ?? -1);
      timer?.task();
    }
    expect(waits).toEqual([1_000, 2_000, 7_000]);
  });

  it("sends at once when the connection is back", async () => {
    const d = desk();
    d.outcomes = [NETWORK];
    const outbox = d.open();
    outbox.send("chat", "один");
    await settle();
    outbox.wake();
    await settle();
    expect(d.posted).toEqual(["один"]);
  });

  it("outlives a reload", async () => {
    const d = desk();
    d.outcomes = [NETWORK];
    d.open().send("chat", "один");
    await settle();
    d.open();
    await settle();
    expect(d.posted).toEqual(["один"]);
    expect(d.ids).toEqual(["id1", "id1"]);
  });

  it("keeps what the server refuses, says so, and sends the rest", async () => {
    const d = desk();
    d.outcomes = [new ApiError("message.long", 400)];
    const outbox = d.open();
    outbox.send("chat", "длинно");
    outbox.send("chat", "коротко");
    await settle();
    expect(d.posted).toEqual(["коротко"]);
    expect(outbox.of("chat").map((item) => [item.content, item.refused])).toEqual([["длинно", "message.long"]]);
  });

  it("sends a refused message again when asked to, and forgets it when told to", async () => {
    const d = desk();
    d.outcomes = [new ApiError("http", 400), "ok", new ApiError("http", 400)];
    const outbox = d.open();
    outbox.send("chat", "раз");
    await settle();
    outbox.retry("id1");
    await settle();
    expect(d.posted).toEqual(["раз"]);
    outbox.send("chat", "два");
    await settle();
    outbox.discard("id2");
    expect(d.kept).toEqual([]);
  });
});
