import { describe, expect, it } from "vitest";
import type { Person } from "../api/wire";
import { CONNECT_MS, GRACE_MS, step, type CallEffect, type CallInput, type CallPhase } from "./call";

const ANNA: Person = { id: "anna", username: "Анна" };
const CALL = "call-1";

/** A call driven by inputs, with what it asked for. */
class Line {
  phase: CallPhase = { kind: "idle" };
  done: CallEffect[] = [];
  private now = 0;

  hear(...inputs: CallInput[]): this {
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

  asked(what: CallEffect["do"]): CallEffect[] {
    return this.done.filter((effect) => effect.do === what);
  }
}

const dialled = (): Line =>
  new Line().hear(
    { kind: "dial", peer: ANNA, type: "voice" },
    { kind: "media_ready" },
    { kind: "initiated", call: CALL, peer: ANNA, devices: null },
  );
const rung = (): Line => new Line().hear({ kind: "incoming", call: CALL, peer: ANNA, type: "video", expiresIn: 45_000 });
const talking = (role: "caller" | "callee"): Line => {
  const line =
    role === "caller"
      ? dialled().hear({ kind: "remote_accepted", call: CALL })
      : rung().hear({ kind: "answer", camera: true }, { kind: "media_ready" }, { kind: "accepted", call: CALL });
  return line.hear({ kind: "path", state: "connected" }).forget();
};

describe("a call that goes out", () => {
  it("asks for the microphone before anybody's phone rings", () => {
    const line = new Line().hear({ kind: "dial", peer: ANNA, type: "voice" });
    expect(line.asked("open_media")).toEqual([{ do: "open_media", camera: false }]);
    expect(line.asked("initiate")).toEqual([]);
    line.hear({ kind: "media_ready" });
    expect(line.asked("initiate")).toHaveLength(1);
  });

  it("rings nobody when the microphone is denied, and says why", () => {
    const line = new Line().hear({ kind: "dial", peer: ANNA, type: "voice" }, { kind: "media_failed", fault: "denied" });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "denied" });
    expect(line.asked("initiate")).toEqual([]);
  });

  it("shows on how many devices it rings, and of its own call alone", () => {
    const line = dialled().hear({ kind: "devices", call: CALL, devices: 2 }, { kind: "devices", call: "other", devices: 5 });
    expect(line.phase).toMatchObject({ kind: "calling", devices: 2 });
  });

  it("rings nowhere if the server names no device in time", () => {
    expect(dialled().hear({ kind: "timer", name: "reach" }).phase).toMatchObject({ kind: "calling", devices: 0 });
    const ringing = dialled().hear({ kind: "devices", call: CALL, devices: 1 }, { kind: "timer", name: "reach" });
    expect(ringing.phase).toMatchObject({ kind: "calling", devices: 1 });
  });

  it("is ended on the server even if it was cancelled before it had an id", () => {
    const line = new Line().hear(
      { kind: "dial", peer: ANNA, type: "voice" },
      { kind: "media_ready" },
      { kind: "hangup" },
      { kind: "initiated", call: CALL, peer: ANNA, devices: null },
    );
    expect(line.phase).toEqual({ kind: "idle" });
    expect(line.asked("end")).toEqual([{ do: "end", call: CALL, peer: ANNA }]);
  });

  it("tells apart nobody there and nobody answering", () => {
    const away = dialled().hear(
      { kind: "devices", call: CALL, devices: 0 },
      { kind: "remote_ended", call: CALL, reason: "missed", seconds: null },
    );
    expect(away.phase).toMatchObject({ kind: "ended", reason: "no_answer", devices: 0 });
  });

  it("sends its offer again when the server lost it", () => {
    const line = dialled().forget().hear({ kind: "server_up" }, { kind: "rejoined", call: CALL, answered: false, resendOffer: true });
    expect(line.asked("join")).toHaveLength(1);
    expect(line.asked("resend_offer")).toHaveLength(1);
  });

  it("is active when the answer came while this side was cut off", () => {
    const line = dialled().hear({ kind: "server_up" }, { kind: "rejoined", call: CALL, answered: true, resendOffer: false });
    expect(line.phase).toMatchObject({ kind: "active", role: "caller" });
    expect(line.asked("resend_offer")).toHaveLength(1);
  });

  it("gives way to a call that comes in before it rings", () => {
    const line = new Line().hear(
      { kind: "dial", peer: ANNA, type: "voice" },
      { kind: "incoming", call: "theirs", peer: ANNA, type: "voice", expiresIn: 45_000 },
    );
    expect(line.phase).toMatchObject({ kind: "ringing", call: "theirs" });
  });
});

describe("a call that comes in", () => {
  it("rings once, however often it is announced", () => {
    const line = rung().forget().hear({ kind: "incoming", call: CALL, peer: ANNA, type: "video", expiresIn: 30_000 });
    expect(line.asked("release")).toEqual([]);
    expect(line.phase).toMatchObject({ kind: "ringing", call: CALL });
  });

  it("accepts before it answers the offer", () => {
    const line = rung().forget().hear({ kind: "answer", camera: false }, { kind: "media_ready" });
    expect(line.done.map((effect) => effect.do)).toEqual(["open_media", "accept", "open_peer"]);
    expect(line.asked("open_media")).toEqual([{ do: "open_media", camera: false }]);
  });

  it("goes on ringing when the microphone is denied, so that one can try again", () => {
    const line = rung().hear({ kind: "answer", camera: true }, { kind: "media_failed", fault: "denied" });
    expect(line.phase).toMatchObject({ kind: "ringing", fault: "denied" });
    expect(line.asked("accept")).toEqual([]);
  });

  it("goes on ringing when the server is out of reach at the answer", () => {
    const line = rung().hear({ kind: "answer", camera: true }, { kind: "config_failed" });
    expect(line.phase).toMatchObject({ kind: "ringing", fault: null });
  });

  it("stops when another device answered", () => {
    const line = rung().hear({ kind: "remote_ended", call: CALL, reason: "answered_elsewhere", seconds: null });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "elsewhere" });
    expect(line.hear({ kind: "timer", name: "linger" }).phase).toEqual({ kind: "idle" });
  });

  it("loses the race to another device without a trace of the call", () => {
    const line = rung().hear({ kind: "answer", camera: true }, { kind: "media_ready" }).forget();
    line.hear({ kind: "accept_failed", call: CALL, reason: "elsewhere" });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "elsewhere" });
    expect(line.asked("release")).toHaveLength(1);
  });

  it("accepts again, or goes on, when the connection was lost over the acceptance", () => {
    const answering = (): Line => rung().hear({ kind: "answer", camera: true }, { kind: "media_ready" }, { kind: "server_up" }).forget();
    const unheard = answering().hear({ kind: "rejoined", call: CALL, answered: false, resendOffer: false });
    expect(unheard.asked("accept")).toHaveLength(1);
    const heard = answering().hear({ kind: "rejoined", call: CALL, answered: true, resendOffer: false });
    expect(heard.phase).toMatchObject({ kind: "active", role: "callee" });
    expect(answering().hear({ kind: "rejoin_refused", call: CALL }).phase).toEqual({ kind: "idle" });
  });

  it("stops ringing when nothing is heard of it after the server is back", () => {
    const line = rung().hear({ kind: "server_up" });
    expect(line.asked("set_timer")).toContainEqual({ do: "set_timer", name: "confirm", ms: 4_000 });
    expect(line.hear({ kind: "timer", name: "confirm" }).phase).toEqual({ kind: "idle" });
  });

  it("does not disturb a call that goes on", () => {
    const line = talking("callee").hear({ kind: "incoming", call: "second", peer: ANNA, type: "voice", expiresIn: 45_000 });
    expect(line.phase).toMatchObject({ kind: "active", call: CALL });
    expect(line.done).toEqual([]);
  });
});

describe("a call that goes on", () => {
  it("waits a moment before it looks for a new path, as most breaks heal", () => {
    const line = talking("caller").hear({ kind: "path", state: "disconnected" });
    expect(line.phase).toMatchObject({ kind: "active", path: "restoring" });
    expect(line.asked("set_timer")).toContainEqual({ do: "set_timer", name: "grace", ms: GRACE_MS });
    expect(line.asked("restart_path")).toEqual([]);
    line.hear({ kind: "timer", name: "grace" });
    expect(line.asked("restart_path")).toHaveLength(1);
  });

  it("looks for a new path at once when the old one has failed", () => {
    expect(talking("caller").hear({ kind: "path", state: "failed" }).asked("restart_path")).toHaveLength(1);
  });

  it("leaves the restart to the caller", () => {
    const line = talking("callee").hear({ kind: "path", state: "failed" }, { kind: "timer", name: "grace" });
    expect(line.asked("restart_path")).toEqual([]);
  });

  it("joins again after the server was lost, then the caller finds a new path", () => {
    const line = talking("caller").hear({ kind: "server_down" });
    expect(line.phase).toMatchObject({ serverLost: true });
    line.hear({ kind: "server_up" }, { kind: "rejoined", call: CALL, answered: true, resendOffer: false });
    expect(line.phase).toMatchObject({ serverLost: false });
    expect(line.done.map((effect) => effect.do)).toEqual(["join", "restart_path"]);
  });

  it("offers again when the other side is back at the server, as the first offer reached nobody", () => {
    const line = talking("caller").hear({ kind: "peer_link", call: CALL, lost: true });
    expect(line.phase).toMatchObject({ peerLost: true });
    line.hear({ kind: "peer_link", call: CALL, lost: false });
    expect(line.done).toEqual([{ do: "resend_offer" }]);
    const broken = talking("caller")
      .hear({ kind: "path", state: "disconnected" })
      .forget()
      .hear({ kind: "peer_link", call: CALL, lost: false });
    expect(broken.done).toEqual([{ do: "restart_path" }]);
    expect(talking("callee").hear({ kind: "peer_link", call: CALL, lost: false }).done).toEqual([]);
  });

  it("is over when the server says so after a restart", () => {
    const line = talking("callee").hear({ kind: "server_up" }, { kind: "rejoin_refused", call: CALL });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "lost" });
  });

  it("gives up when no sound comes, and ends the call for both", () => {
    const line = dialled().hear({ kind: "remote_accepted", call: CALL });
    expect(line.asked("set_timer")).toContainEqual({ do: "set_timer", name: "connect", ms: CONNECT_MS });
    line.hear({ kind: "timer", name: "connect" });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "no_path" });
    expect(line.asked("end")).toHaveLength(1);
  });

  it("knows of a path that was there before the acceptance was heard of", () => {
    const line = rung().hear({ kind: "answer", camera: true }, { kind: "media_ready" }).forget();
    line.hear({ kind: "accepted", call: CALL });
    expect(line.asked("report_path")).toHaveLength(1);
  });

  it("lasts from the answer, by a clock that nobody sets", () => {
    const line = talking("caller").after(61_000).hear({ kind: "remote_ended", call: CALL, reason: "hangup", seconds: null });
    expect(line.phase).toMatchObject({ kind: "ended", reason: "hangup", seconds: 61 });
  });

  it("takes no notice of the end of another call", () => {
    const line = talking("caller").hear({ kind: "remote_ended", call: "other", reason: "hangup", seconds: 1 });
    expect(line.phase).toMatchObject({ kind: "active", call: CALL });
  });

  it("lets everything go when one hangs up", () => {
    const line = talking("callee").hear({ kind: "hangup" });
    expect(line.phase).toEqual({ kind: "idle" });
    expect(line.done).toEqual([{ do: "release" }, { do: "end", call: CALL, peer: ANNA }]);
  });
});
