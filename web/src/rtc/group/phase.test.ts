import { describe, expect, it } from "vitest";
import {
  ABSENT_MS,
  CONNECT_MS,
  GIVE_UP_MS,
  GRACE_MS,
  LINGER_MS,
  RESTORE_MS,
  RESUME_MS,
  RETRY_MS,
  SILENT_RESUME_MS,
  step,
  type GroupEffect,
  type GroupInput,
  type GroupPhase,
} from "./phase";

const CHAT = "chat";
const CALL = "call-1";

/** A call driven by inputs, with what it asked for. */
class Line {
  phase: GroupPhase = { kind: "idle" };
  done: GroupEffect[] = [];
  private now = 0;

  hear(...inputs: GroupInput[]): this {
    for (const input of inputs) {
      const next = step(this.phase, input, this.now);
      this.phase = next.phase;
      this.done.push(...next.effects);
    }
    return this;
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  forget(): this {
    this.done = [];
    return this;
  }

  get does(): string[] {
    return this.done.map((effect) => ("name" in effect ? `${effect.do} ${effect.name}` : effect.do));
  }
}

const joining = (): Line =>
  new Line().hear({ kind: "join", chat: CHAT, type: "video", call: CALL, camera: true }, { kind: "media_ready" });
const inCall = (): Line =>
  joining().hear({ kind: "joined", call: CALL, participant: "me-1" }, { kind: "path", state: "connected" }).forget();
const asks = (name: string, ms: number): object => ({ do: "set_timer", name, ms });

describe("a group call that is joined", () => {
  it("opens the devices before anybody rings", () => {
    const line = new Line().hear({ kind: "start", chat: CHAT, type: "voice" });
    expect(line.done).toEqual([{ do: "release" }, { do: "open_media", camera: false }]);
    line.forget().hear({ kind: "media_ready" });
    expect(line.does).toEqual(["set_timer connect", "start"]);
    expect(line.forget().hear({ kind: "started", call: CALL, anew: true }).does).toEqual(["join"]);
  });

  it("rings no longer when who started it goes before joining", () => {
    const started = (anew: boolean): Line =>
      new Line().hear({ kind: "start", chat: CHAT, type: "voice" }, { kind: "media_ready" }, { kind: "started", call: CALL, anew }).forget();
    expect(started(true).hear({ kind: "leave" }).does).toEqual(["decline", "release"]);
    expect(started(false).hear({ kind: "leave" }).does).toEqual(["release"]);
    expect(started(true).hear({ kind: "timer", name: "connect" }).does).toEqual(["decline", "release"]);
    expect(started(true).hear({ kind: "join_failed", why: "full" }).does).toEqual(["decline", "release"]);
    expect(started(true).hear({ kind: "start", chat: "other", type: "voice" }).does).toEqual(["decline", "release", "open_media"]);
  });

  it("is looked at from a room before it, and entered with what is open there", () => {
    const line = new Line().hear({ kind: "prepare", chat: CHAT, type: "video" }, { kind: "media_ready" }).forget();
    expect(line.phase).toMatchObject({ kind: "ready", open: true });
    expect(line.hear({ kind: "enter", call: CALL }).done).toEqual([asks("connect", CONNECT_MS), { do: "join", call: CALL }]);
  });

  it("waits in the room until the devices are open, or asks for them again", () => {
    const hasty = new Line().hear({ kind: "prepare", chat: CHAT, type: "voice" }).forget().hear({ kind: "enter", call: null });
    expect(hasty.done).toEqual([]);
    expect(hasty.hear({ kind: "media_ready" }).does).toContain("start");
    const denied = new Line().hear({ kind: "prepare", chat: CHAT, type: "voice" }, { kind: "media_failed", fault: "denied" }).forget();
    expect(denied.phase).toMatchObject({ kind: "ready", fault: "denied" });
    expect(denied.hear({ kind: "enter", call: null }).does).toEqual(["open_media"]);
  });

  it("is not joined without a microphone, and says why", () => {
    const line = new Line().hear({ kind: "start", chat: CHAT, type: "voice" }, { kind: "media_failed", fault: "in_use" });
    expect(line.phase).toMatchObject({ kind: "over", reason: "in_use" });
  });

  it("is tried again when nobody answered, and given up after a while", () => {
    const line = joining().forget().hear({ kind: "join_failed", why: "network" });
    expect(line.done).toEqual([asks("retry", RETRY_MS)]);
    expect(line.forget().hear({ kind: "timer", name: "retry" }).done).toEqual([{ do: "join", call: CALL }]);
    expect(line.hear({ kind: "timer", name: "connect" }).phase).toMatchObject({ kind: "over", reason: "failed" });
  });

  it("says that it is full, locked, or that one was put out", () => {
    for (const why of ["full", "locked", "removed", "already", "ended"] as const) {
      expect(joining().hear({ kind: "join_failed", why }).phase).toMatchObject({ kind: "over", reason: why });
    }
  });

  it("is connecting until the first sound, and given up when none comes", () => {
    const line = joining().hear({ kind: "joined", call: CALL, participant: "me-1" });
    expect(line.phase).toMatchObject({ kind: "active", link: "connecting" });
    const silent = line.hear({ kind: "timer", name: "connect" });
    expect(silent.phase).toMatchObject({ kind: "over", reason: "no_path" });
    expect(silent.does).toContain("leave");
    expect(inCall().phase).toMatchObject({ kind: "active", link: "good" });
  });

  it("takes the place of the call one is in", () => {
    const line = inCall().hear({ kind: "start", chat: "other", type: "voice" });
    expect(line.does).toEqual(["leave", "release", "open_media"]);
    expect(inCall().hear({ kind: "start", chat: CHAT, type: "voice" }).does).toEqual([]);
  });

  it("grows out of a private call with the devices of that", () => {
    const line = new Line().hear({ kind: "grown", chat: CHAT, type: "voice", call: CALL }, { kind: "media_ready" });
    expect(line.does).toEqual(["release", "take_media", "set_timer connect", "join"]);
  });
});

describe("a group call whose path breaks", () => {
  it("waits a moment, then looks for a new path, then joins anew", () => {
    const line = inCall().hear({ kind: "path", state: "disconnected" });
    expect(line.phase).toMatchObject({ link: "restoring" });
    expect(line.done).toEqual([asks("grace", GRACE_MS), asks("give_up", GIVE_UP_MS)]);
    line.forget().hear({ kind: "timer", name: "grace" });
    expect(line.done).toEqual([{ do: "restart_path" }, asks("restore", RESTORE_MS)]);
    expect(line.forget().hear({ kind: "timer", name: "restore" }).does).toContain("join");
  });

  it("heals without a word when the path comes back", () => {
    const line = inCall().hear({ kind: "path", state: "disconnected" }, { kind: "path", state: "connected" });
    expect(line.phase).toMatchObject({ link: "good" });
    expect(line.forget().hear({ kind: "timer", name: "grace" }, { kind: "timer", name: "restore" }).does).toEqual([]);
  });

  it("looks for a new path at once on another network, or when the old one has failed", () => {
    expect(inCall().hear({ kind: "network_changed" }).does).toEqual(["restart_path", "set_timer restore"]);
    expect(inCall().hear({ kind: "path", state: "failed" }).does).toContain("restart_path");
  });

  it("does not look for a path while there is no server to agree with", () => {
    const line = inCall().hear({ kind: "server_down" }, { kind: "path", state: "failed" }, { kind: "network_changed" });
    expect(line.does).not.toContain("restart_path");
    expect(line.phase).toMatchObject({ link: "media_lost" });
  });

  it("is given up in the end", () => {
    const line = inCall().after(60_000).hear({ kind: "path", state: "disconnected" }, { kind: "timer", name: "give_up" });
    expect(line.phase).toMatchObject({ kind: "over", reason: "lost", seconds: 60 });
  });
});

describe("a group call that loses the server", () => {
  it("goes on when the server still knows this participant", () => {
    const line = inCall().hear({ kind: "server_down" });
    expect(line.phase).toMatchObject({ link: "server_lost" });
    line.hear({ kind: "server_up" });
    expect(line.done).toEqual([{ do: "resume", call: CALL, participant: "me-1", within: RESUME_MS }]);
    expect(line.forget().hear({ kind: "resumed", held: true }).does).toEqual([]);
    expect(line.phase).toMatchObject({ link: "good" });
  });

  it("looks for a new path if that was lost, too", () => {
    const line = inCall().hear({ kind: "server_down" }, { kind: "path", state: "disconnected" }, { kind: "server_up" }).forget();
    expect(line.hear({ kind: "resumed", held: true }).does).toEqual(["restart_path", "set_timer restore"]);
  });

  it("is joined anew when a server that was killed knows nobody", () => {
    const line = inCall().hear({ kind: "server_down" }, { kind: "server_up" }).forget().hear({ kind: "resumed", held: false });
    expect(line.does).toContain("join");
    expect(line.phase).toMatchObject({ kind: "active", link: "restoring" });
    line.forget().hear({ kind: "joined", call: CALL, participant: "me-2" });
    expect(line.phase).toMatchObject({ participantId: "me-2", link: "restoring" });
    expect(line.hear({ kind: "path", state: "connected" }).does).toContain("settle");
    expect(line.phase).toMatchObject({ link: "good", since: 0 });
  });

  it("keeps trying to join while the server comes and goes", () => {
    const line = inCall().hear({ kind: "server_down" }, { kind: "server_up" }, { kind: "resumed", held: false });
    line.forget().hear({ kind: "join_failed", why: "network" });
    expect(line.done).toEqual([asks("retry", RETRY_MS)]);
    expect(line.forget().hear({ kind: "server_down" }, { kind: "server_up" }).done).toEqual([{ do: "join", call: CALL }]);
  });

  it("is joined anew when an offer finds that the participant is gone", () => {
    expect(inCall().hear({ kind: "refused", why: "no_participant" }).does).toContain("join");
    expect(inCall().hear({ kind: "refused", why: "network" }).does).toEqual([]);
    expect(inCall().hear({ kind: "refused", why: "ended" }).phase).toMatchObject({ kind: "over", reason: "ended" });
  });

  it("is joined anew when it goes on without this participant, unless one was put out", () => {
    const line = inCall().hear({ kind: "absent" });
    expect(line.done).toEqual([asks("absent", ABSENT_MS)]);
    const moved = new Line();
    moved.phase = line.phase;
    moved.hear({ kind: "put_out", call: CALL, reason: "moved" }, { kind: "timer", name: "absent" });
    expect(moved.phase).toMatchObject({ kind: "over", reason: "moved" });
    expect(moved.does).not.toContain("join");
    expect(line.hear({ kind: "timer", name: "absent" }).does).toContain("join");
  });
});

describe("a group call that is over", () => {
  it("closes its word by itself when there is nothing to answer", () => {
    const line = inCall().after(5_000).hear({ kind: "leave" });
    expect(line.phase).toMatchObject({ kind: "over", reason: "left", seconds: 5 });
    expect(line.done).toEqual([{ do: "leave", call: CALL, participant: "me-1" }, { do: "release" }, asks("linger", LINGER_MS)]);
    expect(line.hear({ kind: "timer", name: "linger" }).phase).toEqual({ kind: "idle" });
  });

  it("stays on the screen when one was put out of it", () => {
    const line = inCall().hear({ kind: "put_out", call: CALL, reason: "removed" });
    expect(line.does).toEqual(["release"]);
    expect(line.hear({ kind: "dismiss" }).phase).toEqual({ kind: "idle" });
  });

  it("takes no notice of the end of another call", () => {
    const line = inCall().hear(
      { kind: "ended", call: "other", reason: "empty", seconds: 1 },
      { kind: "put_out", call: "other", reason: "moved" },
    );
    expect(line.phase).toMatchObject({ kind: "active", call: CALL });
  });

  it("leaves no trace when the room before it is closed", () => {
    const line = new Line().hear({ kind: "prepare", chat: CHAT, type: "voice" }, { kind: "media_ready" }, { kind: "dismiss" });
    expect(line.phase).toEqual({ kind: "idle" });
    expect(line.does.at(-1)).toBe("release");
  });
});

describe("a path over which nothing comes", () => {
  const silent = (): Line => inCall().hear({ kind: "path", state: "silent" });

  it("has the server asked, while the call looks as before", () => {
    const line = silent();
    expect(line.done).toEqual([asks("give_up", GIVE_UP_MS), { do: "resume", call: CALL, participant: "me-1", within: SILENT_RESUME_MS }]);
    expect(line.phase).toMatchObject({ link: "good" });
  });

  it("is left for another as soon as the server answers", () => {
    const line = silent().forget().hear({ kind: "resumed", held: true });
    expect(line.does).toEqual(["restart_path", "set_timer restore"]);
    expect(line.phase).toMatchObject({ link: "restoring" });
    line.hear({ kind: "path", state: "connected" });
    expect(line.phase).toMatchObject({ link: "good" });
  });

  it("is looked into when the server is back, if the way to it was dead, too", () => {
    const line = silent().hear({ kind: "refused", why: "network" }, { kind: "server_down" }, { kind: "server_up" }).forget();
    line.hear({ kind: "resumed", held: true });
    expect(line.does).toContain("restart_path");
  });

  it("is good again if something comes after all", () => {
    const line = silent().forget().hear({ kind: "path", state: "connected" }, { kind: "resumed", held: true });
    expect(line.does).not.toContain("restart_path");
  });
});
