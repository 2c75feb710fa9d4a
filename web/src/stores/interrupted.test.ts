import { createRoot, createSignal } from "solid-js";
import { describe, expect, it } from "vitest";
import type { GroupCall } from "../api/group";
import type { GroupPhase } from "../rtc/group/phase";
import { createInterrupted } from "./interrupted";

const CALL: GroupCall = {
  id: "call",
  chatId: "chat",
  type: "voice",
  startedBy: "anna",
  startedAt: "2026-01-01T00:00:00.000Z",
  locked: false,
  version: 1,
  ringing: [],
  participants: [],
};
const ACTIVE: GroupPhase = {
  kind: "active",
  chat: "chat",
  type: "voice",
  call: "call",
  participantId: "me-1",
  since: 0,
  link: "good",
  server: true,
  media: "connected",
  place: "held",
};

/** A page that was in `stored` before it was loaded. */
function page(stored: string | null) {
  return createRoot((dispose) => {
    const kept = { call: stored };
    const [phase, setPhase] = createSignal<GroupPhase>({ kind: "idle" });
    const [calls, setCalls] = createSignal<ReadonlyMap<string, GroupCall>>(new Map());
    const storage = { read: () => kept.call, write: (call: string | null) => void (kept.call = call) };
    const interrupted = createInterrupted({ phase, calls, storage });
    return { interrupted, setPhase, setCalls, kept, dispose };
  });
}

describe("a page that is loaded again", () => {
  it("asks to come back while the call goes on", () => {
    const p = page("call");
    expect(p.interrupted.call()).toBeNull();
    p.setCalls(new Map([["chat", CALL]]));
    expect(p.interrupted.call()?.id).toBe("call");
    p.setCalls(new Map());
    expect(p.interrupted.call()).toBeNull();
    p.dispose();
  });

  it("does not ask who was in none, or wants no more of it", () => {
    const none = page(null);
    none.setCalls(new Map([["chat", CALL]]));
    expect(none.interrupted.call()).toBeNull();
    const done = page("call");
    done.setCalls(new Map([["chat", CALL]]));
    done.interrupted.forget();
    expect(done.interrupted.call()).toBeNull();
    expect(done.kept.call).toBeNull();
    none.dispose();
    done.dispose();
  });

  it("keeps the call it is in, until that is left", async () => {
    const p = page(null);
    p.setPhase(ACTIVE);
    expect(p.kept.call).toBe("call");
    p.setPhase({ kind: "idle" });
    expect(p.kept.call).toBeNull();
    p.dispose();
  });
});
