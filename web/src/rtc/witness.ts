// What this device sees of a call: how it tries to connect, by which way, how well. Told to the server, which can then say why a call failed.

import type { Api } from "../api/client";
import { ApiError } from "../api/failure";
import type { CallId, CallReport, ReportedWay } from "../api/wire";
import type { MediaFault } from "./call";

export interface Witness {
  /** Another call begins; what was seen of the last one is told, and forgotten. */
  begin(): void;
  /** The call has a name from here on. */
  of(call: CallId): void;
  /** The microphone could not be had. */
  withoutMicrophone(fault: MediaFault): void;
  /** Looks at a connection of the call until the next one, and gives it back. */
  watch(connection: RTCPeerConnection): RTCPeerConnection;
  /** The call was answered, or joined: the time to the first sound counts from here. */
  answered(): void;
  path(state: "connected" | "restoring"): void;
  /** Another path is looked for. */
  restarted(): void;
  end(how: ReportedEnd): void;
}

export type ReportedEnd = NonNullable<CallReport["ended"]>;

export interface WitnessOptions {
  api: Pick<Api, "reportCall" | "clockOffset">;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  after(ms: number, task: () => void): () => void;
}

/** Until the first sound, and from then on. */
const LOOK_MS = 400;
const LATER_MS = 5_000;
/** A report that did not get through is tried again. */
const RETRY_MS = [3_000, 10_000, 30_000] as const;
/** As the server has it. */
const MOST = 32;
/** A path that comes and goes is not told each time. */
const MOST_REPORTS = 10;

interface Seen {
  call: CallId | null;
  report: CallReport;
  gathered: Map<string, NonNullable<CallReport["gathered"]>[number]>;
  errors: Map<string, NonNullable<CallReport["errors"]>[number]>;
  ways: Map<string, ReportedWay>;
  /** Null before the answer. */
  since: number | null;
  /** There is something to tell. */
  worth: boolean;
  told: number;
}

const unseen = (): Seen => ({
  call: null,
  report: { state: "connecting", restarts: 0 },
  gathered: new Map(),
  errors: new Map(),
  ways: new Map(),
  since: null,
  worth: false,
  told: 0,
});

export function createWitness({ api, now, after }: WitnessOptions): Witness {
  let seen = unseen();
  let connection: RTCPeerConnection | null = null;
  let stopLooking: () => void = () => {};
  let stopListening: () => void = () => {};

  function letGo(): void {
    stopLooking();
    stopListening();
    connection = null;
  }

  function watch(next: RTCPeerConnection): RTCPeerConnection {
    letGo();
    connection = next;
    const of = seen;
    of.worth = true;
    const heard = new AbortController();
    stopListening = () => heard.abort();
    next.addEventListener("icecandidate", ({ candidate }) => gather(of, candidate), { signal: heard.signal });
    next.addEventListener("icecandidateerror", (event) => fail(of, event), { signal: heard.signal });
    look(of, next);
    return next;
  }

  /** Looks again and again, often until there is sound. */
  function look(of: Seen, at: RTCPeerConnection): void {
    const flows = typeof of.report.firstSentMs === "number" && typeof of.report.firstReceivedMs === "number";
    stopLooking = after(flows ? LATER_MS : LOOK_MS, () => {
      at.getStats()
        .then((stats) => {
          if (at !== connection) return;
          const before = of.report.firstReceivedMs;
          read(of, stats, now());
          if (before === undefined && of.report.firstReceivedMs !== undefined) tell(of);
          look(of, at);
        })
        // A connection that was closed meanwhile has nothing to show.
        .catch((error: unknown) => console.debug("no stats", error));
    });
  }

  function tell(of: Seen): void {
    if (of.call === null || !of.worth || (of.told >= MOST_REPORTS && of.report.state !== "ended")) return;
    of.told += 1;
    const report: CallReport = {
      ...of.report,
      clockOffsetMs: api.clockOffset(),
      gathered: [...of.gathered.values()].slice(0, MOST),
      errors: [...of.errors.values()].slice(0, MOST),
      ways: [...of.ways.values()].slice(0, MOST),
    };
    void send(of.call, report, 0);
  }

  async function send(call: CallId, report: CallReport, tries: number): Promise<void> {
    try {
      await api.reportCall(call, report);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const wait = RETRY_MS[tries];
      if (error.passing && wait !== undefined) after(wait, () => void send(call, report, tries + 1));
      else console.debug("a report was not taken", error);
    }
  }

  return {
    begin() {
      letGo();
      seen = unseen();
    },
    of(call) {
      seen.call = call;
    },
    withoutMicrophone(fault) {
      seen.report.microphone = fault;
      seen.worth = true;
      tell(seen);
    },
    watch,
    answered() {
      seen.since ??= now();
    },
    path(state) {
      const before = seen.report.state;
      seen.report.state = state;
      // The first path is told of with the first sound, which says more.
      if (before !== state && before !== "connecting") tell(seen);
    },
    restarted() {
      seen.report.restarts = (seen.report.restarts ?? 0) + 1;
    },
    end(how) {
      letGo();
      Object.assign(seen.report, { state: "ended", ended: how });
      tell(seen);
      seen = unseen();
    },
  };
}

type CandidateStat = RTCStats & { candidateType?: string; protocol?: string; relayProtocol?: string };
type PairStat = RTCIceCandidatePairStats & { requestsSent?: number; responsesReceived?: number; selected?: boolean };
type StreamStat = RTCStats & {
  kind?: string;
  packetsReceived?: number;
  packetsSent?: number;
  packetsLost?: number;
  jitter?: number;
  roundTripTime?: number;
};

function gather(of: Seen, candidate: (RTCIceCandidate & { relayProtocol?: string | null }) | null): void {
  if (candidate && candidate.candidate !== "") keepCandidate(of, candidate.type, candidate.protocol, candidate.relayProtocol ?? undefined);
}

function keepCandidate(of: Seen, kind: string | null | undefined, over: string | null | undefined, by: string | undefined): void {
  const [candidate, protocol] = [kindOf(kind), protocolOf(over)];
  if (!candidate || !protocol) return;
  const relay = candidate === "relay" ? transportOf(by) : null;
  of.gathered.set(`${candidate} ${protocol} ${relay}`, { candidate, protocol, relay });
}

function fail(of: Seen, { url, errorCode }: RTCPeerConnectionIceErrorEvent): void {
  const server = serverOf(url);
  if (server && errorCode >= 300 && errorCode < 800) of.errors.set(`${server} ${errorCode}`, { server, code: errorCode });
}

/** Takes what the statistics of a connection say. https://w3c.github.io/webrtc-stats/ */
function read(of: Seen, stats: RTCStatsReport, at: number): void {
  const candidates = new Map<string, CandidateStat>();
  const pairs: PairStat[] = [];
  let selected: string | undefined;
  const sum = { received: 0, lost: 0, sent: 0, missed: 0, jitter: 0, trip: 0 };
  stats.forEach((stat: RTCStats) => {
    if (stat.type === "local-candidate" || stat.type === "remote-candidate") candidates.set(stat.id, stat);
    if (stat.type === "local-candidate") {
      const { candidateType, protocol, relayProtocol } = stat as CandidateStat;
      if (candidateType !== "prflx") keepCandidate(of, candidateType, protocol, relayProtocol);
    }
    if (stat.type === "candidate-pair") pairs.push(stat as PairStat);
    if (stat.type === "transport") selected = (stat as RTCTransportStats).selectedCandidatePairId ?? selected;
    add(sum, stat);
  });
  for (const pair of pairs) {
    const way = wayOf(pair, candidates);
    if (!way) continue;
    const key = `${way.local} ${way.remote} ${way.protocol} ${way.relay}`;
    of.ways.set(key, { ...way, answered: way.answered || (of.ways.get(key)?.answered ?? false) });
    if (pair.id === selected || pair.selected) {
      of.report.pair = way;
      sum.trip = Math.max(sum.trip, (pair.currentRoundTripTime ?? 0) * 1000);
    }
  }
  if (of.since === null) return;
  const passed = Math.max(0, Math.round(at - of.since));
  if (sum.sent > 0) of.report.firstSentMs ??= passed;
  if (sum.received > 0) of.report.firstReceivedMs ??= passed;
  if (sum.received > 0) {
    of.report.quality = {
      lossDown: percent(sum.lost, sum.received + sum.lost),
      lossUp: percent(sum.missed, sum.sent),
      jitterMs: Math.round(sum.jitter * 1000),
      roundTripMs: Math.round(sum.trip),
    };
  }
}

function add(sum: { received: number; lost: number; sent: number; missed: number; jitter: number; trip: number }, stat: StreamStat): void {
  if (stat.kind !== "audio") return;
  switch (stat.type) {
    case "inbound-rtp":
      sum.received += stat.packetsReceived ?? 0;
      sum.lost += Math.max(0, stat.packetsLost ?? 0);
      sum.jitter = Math.max(sum.jitter, stat.jitter ?? 0);
      return;
    case "outbound-rtp":
      sum.sent += stat.packetsSent ?? 0;
      return;
    case "remote-inbound-rtp":
      sum.missed += Math.max(0, stat.packetsLost ?? 0);
      sum.trip = Math.max(sum.trip, (stat.roundTripTime ?? 0) * 1000);
  }
}

const percent = (part: number, whole: number): number | null => (whole > 0 ? Math.min(100, Math.round((100 * part) / whole)) : null);

function wayOf(pair: PairStat, candidates: ReadonlyMap<string, CandidateStat>): ReportedWay | null {
  const here = candidates.get(pair.localCandidateId);
  const [local, remote] = [kindOf(here?.candidateType), kindOf(candidates.get(pair.remoteCandidateId)?.candidateType)];
  const protocol = protocolOf(here?.protocol);
  if (!local || !remote || !protocol) return null;
  const tried = (pair.requestsSent ?? 0) > 0 || pair.state === "succeeded" || pair.state === "failed";
  if (!tried) return null;
  const answered = (pair.responsesReceived ?? 0) > 0 || pair.state === "succeeded";
  return { local, remote, protocol, relay: local === "relay" ? transportOf(here?.relayProtocol) : null, answered };
}

function kindOf(kind: string | null | undefined): ReportedWay["local"] | null {
  return kind === "host" || kind === "srflx" || kind === "prflx" || kind === "relay" ? kind : null;
}

function protocolOf(protocol: string | null | undefined): ReportedWay["protocol"] | null {
  return protocol === "udp" || protocol === "tcp" ? protocol : null;
}

function transportOf(protocol: string | undefined): "udp" | "tcp" | "tls" | null {
  return protocol === "udp" || protocol === "tcp" || protocol === "tls" ? protocol : null;
}

/** `turn:host:port?transport=tcp` and the like (RFC 7064, RFC 7065). */
function serverOf(url: string): "stun" | "udp" | "tcp" | "tls" | null {
  if (url.startsWith("stun")) return "stun";
  if (url.startsWith("turns:")) return "tls";
  if (!url.startsWith("turn:")) return null;
  return /[?&]transport=tcp\b/i.test(url) ? "tcp" : "udp";
}
