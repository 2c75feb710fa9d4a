import { describe, expect, it } from "vitest";
import { offsetOf } from "../api/client";
import { ApiError } from "../api/failure";
import type { CallReport } from "../api/wire";
import { followCall, followGroup } from "./follow";
import type { CallPhase } from "./call";
import { fakeWitness } from "./fakeWitness";
import type { GroupPhase } from "./group/phase";
import { createWitness } from "./witness";

const ANNA = { id: "anna", username: "Анна" };

/** A device with a connection whose statistics are made up, and a server that takes reports. */
class Scene {
  reports: { call: string; report: CallReport }[] = [];
  refusals: ApiError[] = [];
  stats: object[] = [];
  private time = 0;
  private timers: { at: number; task: () => void }[] = [];
  private readonly target = new EventTarget();

  readonly witness = createWitness({
    api: {
      reportCall: (call, report) => {
        const refusal = this.refusals.shift();
        if (refusal) return Promise.reject(refusal);
        this.reports.push({ call, report });
        return Promise.resolve();
      },
      clockOffset: () => 1_500,
    },
    now: () => this.time,
    after: (ms, task) => {
      const timer = { at: this.time + ms, task };
      this.timers.push(timer);
      return () => void (this.timers = this.timers.filter((each) => each !== timer));
    },
  });

  readonly connection = Object.assign(this.target, {
    getStats: () => Promise.resolve(new Map(this.stats.map((stat, index) => [String(index), stat]))),
  }) as never as RTCPeerConnection;

  gathers(type: string, protocol: string, relayProtocol?: string): void {
    const candidate = { candidate: "candidate:…", type, protocol, relayProtocol };
    this.target.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  }

  fails(url: string, errorCode: number): void {
    this.target.dispatchEvent(Object.assign(new Event("icecandidateerror"), { url, errorCode }));
  }

  /** Lets time pass, with all that falls due in it. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((each) => each !== next);
      this.time = next.at;
      next.task();
      await new Promise((done) => setTimeout(done, 0));
    }
    this.time = until;
  }

  last(): CallReport {
    const last = this.reports.at(-1);
    if (!last) throw new Error("nothing was told");
    return last.report;
  }
}

const overTls = [
  { id: "l", type: "local-candidate", candidateType: "relay", protocol: "udp", relayProtocol: "tls" },
  { id: "r", type: "remote-candidate", candidateType: "relay", protocol: "udp" },
  { id: "h", type: "local-candidate", candidateType: "host", protocol: "udp" },
  { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", state: "succeeded", requestsSent: 3, responsesReceived: 3, currentRoundTripTime: 0.08 },
  { id: "q", type: "candidate-pair", localCandidateId: "h", remoteCandidateId: "r", state: "failed", requestsSent: 9, responsesReceived: 0 },
  { id: "t", type: "transport", selectedCandidatePairId: "p" },
];
const sound = [
  { id: "i", type: "inbound-rtp", kind: "audio", packetsReceived: 90, packetsLost: 10, jitter: 0.02 },
  { id: "o", type: "outbound-rtp", kind: "audio", packetsSent: 100 },
];

describe("what a device saw of a call", () => {
  it("is told at the first sound and at the end, with the way and the quality", async () => {
    const scene = new Scene();
    scene.witness.begin();
    scene.witness.of("call-1");
    scene.witness.watch(scene.connection);
    scene.gathers("host", "udp");
    scene.gathers("relay", "udp", "tls");
    scene.fails("turn:talk.example.org:3478?transport=udp", 701);
    scene.fails("turn:talk.example.org:3478?transport=udp", 701);
    scene.fails("stun:talk.example.org:3478", 701);
    scene.stats = overTls;
    await scene.pass(1_000);
    scene.witness.answered();
    await scene.pass(600);
    expect(scene.reports).toHaveLength(0);
    scene.stats = [...overTls, ...sound];
    await scene.pass(800);
    expect(scene.reports.map(({ call }) => call)).toEqual(["call-1"]);
    const way = { local: "relay", remote: "relay", protocol: "udp", relay: "tls", answered: true };
    expect(scene.last()).toMatchObject({
      clockOffsetMs: 1_500,
      pair: way,
      ways: [way, { local: "host", remote: "relay", protocol: "udp", relay: null, answered: false }],
      gathered: [
        { candidate: "host", protocol: "udp", relay: null },
        { candidate: "relay", protocol: "udp", relay: "tls" },
      ],
      errors: [
        { server: "udp", code: 701 },
        { server: "stun", code: 701 },
      ],
      quality: { lossDown: 10, jitterMs: 20, roundTripMs: 80 },
    });
    expect(scene.last().firstReceivedMs).toBeGreaterThan(400);
    scene.witness.end("hangup");
    await scene.pass(0);
    expect(scene.last()).toMatchObject({ state: "ended", ended: "hangup", pair: way });
  });

  it("is told again when it did not get through, and not when it was refused", async () => {
    const scene = new Scene();
    scene.refusals = [new ApiError("network", 0)];
    scene.witness.of("call-1");
    scene.witness.withoutMicrophone("denied");
    await scene.pass(1_000);
    expect(scene.reports).toHaveLength(0);
    await scene.pass(3_000);
    expect(scene.last()).toMatchObject({ state: "connecting", microphone: "denied" });
    scene.refusals = [new ApiError("call.ended", 400)];
    scene.witness.end("failed");
    await scene.pass(60_000);
    expect(scene.reports).toHaveLength(1);
  });

  it("is not told of a call that this device had no part in", async () => {
    const scene = new Scene();
    scene.witness.begin();
    scene.witness.of("call-1");
    scene.witness.end("elsewhere");
    await scene.pass(60_000);
    expect(scene.reports).toHaveLength(0);
  });
});

describe("the clock of the server", () => {
  it("stands in its answers, and a device that is a day ahead knows it", () => {
    const at = Date.parse("2026-11-22T10:00:00Z");
    const answer = new Response(null, { headers: { date: "Sun, 22 Nov 2026 10:00:00 GMT" } });
    expect(offsetOf(answer, at + 86_400_000)).toBe(86_400_000);
    expect(offsetOf(new Response(null), at)).toBeNull();
  });
});

describe("from phases to what is told", () => {
  const follow = (phases: readonly CallPhase[]): string[] => {
    const told: string[] = [];
    const witness = fakeWitness(told);
    for (const [index, phase] of phases.entries()) {
      const before = phases[index - 1];
      if (before) followCall(witness, before, phase, [], false);
    }
    return told;
  };
  const active = { kind: "active", call: "1", peer: ANNA, type: "voice", role: "caller", since: 0, peerLost: false, serverLost: false } as const;

  it("a call is named, answered, connected, broken, and ended as it ended", () => {
    const told = follow([
      { kind: "idle" },
      { kind: "calling", call: "1", peer: ANNA, type: "voice", devices: 1 },
      { ...active, path: "connecting" },
      { ...active, path: "connected" },
      { ...active, path: "restoring" },
      { kind: "ended", peer: ANNA, type: "voice", reason: "lost", devices: null, seconds: 3 },
    ]);
    expect(told).toEqual(["begin", "of 1", "answered", "connected", "restoring", "end lost"]);
  });

  it("a microphone that was denied to who answers is told at once", () => {
    const ringing = { kind: "ringing", call: "1", peer: ANNA, type: "voice" } as const;
    const told = follow([
      { kind: "idle" },
      { ...ringing, fault: null },
      { kind: "answering", call: "1", peer: ANNA, type: "voice" },
      { ...ringing, fault: "denied" },
      { kind: "idle" },
    ]);
    expect(told).toEqual(["begin", "of 1", "without denied", "end hangup"]);
  });

  it("a group call is told from joining to leaving", () => {
    const told: string[] = [];
    const witness = fakeWitness(told);
    const base = { chat: "c", type: "voice" } as const;
    const phases: GroupPhase[] = [
      { kind: "idle" },
      { kind: "joining", ...base, call: "g", started: false },
      { kind: "active", ...base, call: "g", participantId: "p", since: 0, link: "connecting", server: true, media: "connecting", place: "held" },
      { kind: "active", ...base, call: "g", participantId: "p", since: 0, link: "good", server: true, media: "connected", place: "held" },
      { kind: "over", ...base, call: "g", reason: "no_path", seconds: 3 },
    ];
    for (const [index, phase] of phases.entries()) {
      const before = phases[index - 1];
      if (before) followGroup(witness, before, phase, [{ do: "restart_path" }]);
    }
    expect(told).toEqual(["begin", "of g", "restarted", "answered", "restarted", "connected", "restarted", "end no_path", "restarted"]);
  });
});
