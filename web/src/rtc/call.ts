// The life of a call of two, as this device sees it. Pure: told inputs and the time, it returns the next phase and what is to be done.

import type { CallId, CallType, Person } from "../api/wire";

/** Why the microphone cannot be had. */
export type MediaFault = "denied" | "missing" | "in_use" | "insecure";
export type Role = "caller" | "callee";

/** `busy` and `already`: refused at the start, as the other side or this account is in a call. */
export type EndReason = "hangup" | "rejected" | "no_answer" | "elsewhere" | "lost" | "no_path" | "busy" | "already" | "failed" | MediaFault;

/** `connecting` until the first sound; `restoring` after the path broke. */
export type MediaPath = "connecting" | "connected" | "restoring";

export type CallPhase =
  | { kind: "idle" }
  | { kind: "preparing"; peer: Person; type: CallType }
  | { kind: "calling"; call: CallId; peer: Person; type: CallType; devices: number | null }
  | { kind: "ringing"; call: CallId; peer: Person; type: CallType; fault: MediaFault | null }
  | { kind: "answering"; call: CallId; peer: Person; type: CallType }
  | {
      kind: "active";
      call: CallId;
      peer: Person;
      type: CallType;
      role: Role;
      path: MediaPath;
      /** Milliseconds of the monotonic clock at which the call was answered. */
      since: number;
      /** True while the other side has lost the server. */
      peerLost: boolean;
      /** True while this side has. */
      serverLost: boolean;
    }
  | { kind: "ended"; peer: Person; type: CallType; reason: EndReason; devices: number | null; seconds: number | null };

export type TimerName = "ring" | "reach" | "confirm" | "grace" | "connect" | "restore" | "linger";

export type CallInput =
  | { kind: "dial"; peer: Person; type: CallType }
  | { kind: "media_ready" }
  | { kind: "media_failed"; fault: MediaFault }
  /** The server did not say how to connect. */
  | { kind: "config_failed" }
  /** `devices`: what the server said before its answer came, else null. */
  | { kind: "initiated"; call: CallId; peer: Person; devices: number | null }
  | { kind: "initiate_failed"; reason: "busy" | "already" | "failed" }
  | { kind: "incoming"; call: CallId; peer: Person; type: CallType; expiresIn: number }
  | { kind: "answer"; camera: boolean }
  | { kind: "decline" }
  | { kind: "hangup" }
  /** `dropped`: the call goes on as a group call. */
  | { kind: "dismiss" | "dropped" }
  | { kind: "accepted"; call: CallId }
  | { kind: "accept_failed"; call: CallId; reason: "elsewhere" | "over" | "failed" }
  | { kind: "devices"; call: CallId; devices: number }
  | { kind: "remote_accepted"; call: CallId }
  | { kind: "remote_ended"; call: CallId; reason: RemoteEnd; seconds: number | null }
  | { kind: "peer_link"; call: CallId; lost: boolean }
  | { kind: "server_down" }
  | { kind: "server_up" }
  | { kind: "rejoined"; call: CallId; answered: boolean; resendOffer: boolean }
  | { kind: "rejoin_refused"; call: CallId }
  | { kind: "path"; state: "connected" | "disconnected" | "failed" }
  | { kind: "timer"; name: TimerName };

export type RemoteEnd = "hangup" | "rejected" | "missed" | "cancelled" | "answered_elsewhere" | "lost" | "closed";

export type CallEffect =
  | { do: "open_media"; camera: boolean }
  | { do: "initiate"; peer: Person; type: CallType }
  | { do: "accept"; call: CallId; peer: Person }
  | { do: "reject"; call: CallId; peer: Person }
  | { do: "end"; call: CallId; peer: Person }
  | { do: "open_peer"; call: CallId; peer: Person; role: Role; type: CallType }
  | { do: "join"; call: CallId }
  | { do: "resend_offer" }
  | { do: "restart_path" }
  /** The path may have come up before the phase that cares for it. */
  | { do: "report_path" }
  | { do: "release" }
  | { do: "set_timer"; name: TimerName; ms: number }
  | { do: "cancel_timer"; name: TimerName };

export interface Step {
  phase: CallPhase;
  effects: readonly CallEffect[];
}

export const GRACE_MS = 3_000;
/** From the answer to the first sound; then the call is given up. */
export const CONNECT_MS = 25_000;
export const RESTORE_MS = 45_000;
/** The server counts 45 s; this is for a server that cannot be reached. */
export const RING_MS = 60_000;
/** For the word of the first device that rings. */
export const REACH_MS = 2_000;
/** A ringing device that was cut off hears of the call again at once, or the call is over. */
export const CONFIRM_MS = 4_000;
export const LINGER_MS = 2_500;

const stay = (phase: CallPhase, ...effects: CallEffect[]): Step => ({ phase, effects });
const idle = (...effects: CallEffect[]): Step => ({ phase: { kind: "idle" }, effects: [{ do: "release" }, ...effects] });

/** Takes one input. `release` always means: timers, devices and peer connection of the call are let go. */
export function step(phase: CallPhase, input: CallInput, now: number): Step {
  if (input.kind === "dial") return dial(phase, input.peer, input.type);
  if (input.kind === "incoming") return incoming(phase, input);
  if (input.kind === "dropped") return idle();
  switch (phase.kind) {
    case "idle":
      return inIdle(phase, input);
    case "preparing":
      return inPreparing(phase, input);
    case "calling":
      return inCalling(phase, input, now);
    case "ringing":
      return inRinging(phase, input);
    case "answering":
      return inAnswering(phase, input, now);
    case "active":
      return inActive(phase, input, now);
    case "ended":
      return inEnded(phase, input);
  }
}

type In<Kind extends CallPhase["kind"]> = Extract<CallPhase, { kind: Kind }>;

function dial(phase: CallPhase, peer: Person, type: CallType): Step {
  if (phase.kind !== "idle" && phase.kind !== "ended") return stay(phase);
  return stay({ kind: "preparing", peer, type }, { do: "release" }, { do: "open_media", camera: type === "video" });
}

function incoming(phase: CallPhase, input: Extract<CallInput, { kind: "incoming" }>): Step {
  const { call, peer, type, expiresIn } = input;
  if (phase.kind === "ringing" && phase.call === call) return stay(phase, { do: "cancel_timer", name: "confirm" });
  // Two people dialling each other: the one whose call came first rings.
  if (phase.kind !== "idle" && phase.kind !== "ended" && phase.kind !== "preparing") return stay(phase);
  return stay(
    { kind: "ringing", call, peer, type, fault: null },
    { do: "release" },
    { do: "set_timer", name: "ring", ms: expiresIn + RING_MS - 45_000 },
  );
}

function inIdle(phase: In<"idle">, input: CallInput): Step {
  // The answer to a call that was cancelled before it had an id.
  if (input.kind === "initiated") return stay(phase, { do: "end", call: input.call, peer: input.peer });
  if (input.kind === "media_ready") return idle();
  return stay(phase);
}

function inPreparing(phase: In<"preparing">, input: CallInput): Step {
  const { peer, type } = phase;
  switch (input.kind) {
    case "media_ready":
      return stay(phase, { do: "initiate", peer, type });
    case "media_failed":
      return ended(phase, input.fault);
    case "config_failed":
      return ended(phase, "failed");
    case "initiated":
      return stay(
        { kind: "calling", call: input.call, peer, type, devices: input.devices },
        { do: "open_peer", call: input.call, peer, role: "caller", type },
        { do: "set_timer", name: "ring", ms: RING_MS },
        { do: "set_timer", name: "reach", ms: REACH_MS },
      );
    case "initiate_failed":
      return ended(phase, input.reason);
    case "hangup":
      return idle();
    default:
      return stay(phase);
  }
}

function inCalling(phase: In<"calling">, input: CallInput, now: number): Step {
  switch (input.kind) {
    case "devices":
      return input.call === phase.call ? stay({ ...phase, devices: input.devices }) : stay(phase);
    case "remote_accepted":
      return input.call === phase.call ? activate(phase, "caller", now) : stay(phase);
    case "rejoined": {
      if (input.call !== phase.call) return stay(phase);
      // A server that was restarted in between has no offer for who answered.
      if (input.answered) return activate(phase, "caller", now, { do: "resend_offer" });
      return input.resendOffer ? stay(phase, { do: "resend_offer" }) : stay(phase);
    }
    case "rejoin_refused":
      return input.call === phase.call ? ended(phase, "lost", { devices: phase.devices }) : stay(phase);
    case "remote_ended":
      return input.call === phase.call ? remoteEnded(phase, input.reason, { devices: phase.devices }) : stay(phase);
    case "server_up":
      return stay(phase, { do: "join", call: phase.call });
    case "hangup":
      return idle({ do: "end", call: phase.call, peer: phase.peer });
    case "timer":
      return onCallingTimer(phase, input.name);
    default:
      return stay(phase);
  }
}

function onCallingTimer(phase: In<"calling">, name: TimerName): Step {
  // The server tells of every device that rings, so silence means that none does.
  if (name === "reach") return stay({ ...phase, devices: phase.devices ?? 0 });
  if (name !== "ring") return stay(phase);
  return ended(phase, "no_answer", { devices: phase.devices, effects: [{ do: "end", call: phase.call, peer: phase.peer }] });
}

function inRinging(phase: In<"ringing">, input: CallInput): Step {
  const { call, peer, type } = phase;
  switch (input.kind) {
    case "answer":
      return stay({ kind: "answering", call, peer, type }, { do: "open_media", camera: input.camera });
    case "decline":
    case "hangup":
      return idle({ do: "reject", call, peer });
    case "remote_ended":
      return input.call === call ? remoteEnded(phase, input.reason) : stay(phase);
    case "server_up":
      return stay(phase, { do: "set_timer", name: "confirm", ms: CONFIRM_MS });
    case "timer":
      return input.name === "ring" || input.name === "confirm" ? idle() : stay(phase);
    default:
      return stay(phase);
  }
}

function inAnswering(phase: In<"answering">, input: CallInput, now: number): Step {
  const { call, peer, type } = phase;
  switch (input.kind) {
    case "media_ready":
      // The server takes the events of one socket in order, so the answer may follow the acceptance at once.
      return stay(phase, { do: "accept", call, peer }, { do: "open_peer", call, peer, role: "callee", type });
    case "media_failed":
      return stay({ kind: "ringing", call, peer, type, fault: input.fault });
    case "config_failed":
      // The banner says that the server is out of reach; one can answer again when it is back.
      return stay({ kind: "ringing", call, peer, type, fault: null });
    case "accepted":
      return input.call === call ? activate(phase, "callee", now) : stay(phase);
    case "accept_failed": {
      if (input.call !== call) return stay(phase);
      if (input.reason === "elsewhere") return ended(phase, "elsewhere");
      return input.reason === "over" ? idle() : ended(phase, "failed");
    }
    case "server_up":
      return stay(phase, { do: "join", call });
    case "rejoined": {
      if (input.call !== call) return stay(phase);
      return input.answered ? activate(phase, "callee", now) : stay(phase, { do: "accept", call, peer });
    }
    case "rejoin_refused":
      return input.call === call ? idle() : stay(phase);
    case "remote_ended":
      return input.call === call ? remoteEnded(phase, input.reason) : stay(phase);
    case "decline":
    case "hangup":
      return idle({ do: "reject", call, peer });
    default:
      return stay(phase);
  }
}

function inActive(phase: In<"active">, input: CallInput, now: number): Step {
  const { call, peer } = phase;
  switch (input.kind) {
    case "path":
      return onPath(phase, input.state);
    case "peer_link":
      return input.call === call ? onPeerLink(phase, input.lost) : stay(phase);
    case "server_down":
      return stay({ ...phase, serverLost: true });
    case "server_up":
      return stay(phase, { do: "join", call });
    case "rejoined": {
      if (input.call !== call) return stay(phase);
      const back: CallPhase = { ...phase, serverLost: false };
      return phase.role === "caller" ? stay(back, { do: "restart_path" }) : stay(back);
    }
    case "rejoin_refused":
      return input.call === call ? ended(phase, "lost") : stay(phase);
    case "remote_ended":
      return input.call === call
        ? remoteEnded(phase, input.reason, { seconds: input.seconds ?? Math.round((now - phase.since) / 1000) })
        : stay(phase);
    case "hangup":
      return idle({ do: "end", call, peer });
    case "timer":
      return onActiveTimer(phase, input.name);
    default:
      return stay(phase);
  }
}

/** What the caller offered while the other side was away has reached nobody. */
function onPeerLink(phase: In<"active">, lost: boolean): Step {
  const next: CallPhase = { ...phase, peerLost: lost };
  if (lost || phase.role !== "caller") return stay(next);
  return stay(next, { do: phase.path === "connected" ? "resend_offer" : "restart_path" });
}

function onPath(phase: In<"active">, state: "connected" | "disconnected" | "failed"): Step {
  if (state === "connected") {
    return stay(
      { ...phase, path: "connected" },
      { do: "cancel_timer", name: "connect" },
      { do: "cancel_timer", name: "grace" },
      { do: "cancel_timer", name: "restore" },
    );
  }
  const wasUp = phase.path === "connected";
  const broken: CallPhase = wasUp ? { ...phase, path: "restoring" } : phase;
  const deadline: CallEffect[] = wasUp ? [{ do: "set_timer", name: "restore", ms: RESTORE_MS }] : [];
  // A disconnected path often heals by itself; a failed one does not.
  const next: CallEffect[] = state === "failed" ? restart(phase) : [{ do: "set_timer", name: "grace", ms: GRACE_MS }];
  return stay(broken, ...deadline, ...next);
}

function restart(phase: In<"active">): CallEffect[] {
  return phase.role === "caller" ? [{ do: "restart_path" }] : [];
}

function onActiveTimer(phase: In<"active">, name: TimerName): Step {
  const end: CallEffect = { do: "end", call: phase.call, peer: phase.peer };
  switch (name) {
    case "grace":
      return phase.path === "connected" ? stay(phase) : stay(phase, ...restart(phase));
    case "connect":
      return phase.path === "connecting" ? ended(phase, "no_path", { effects: [end] }) : stay(phase);
    case "restore":
      return phase.path === "restoring" ? ended(phase, "lost", { effects: [end] }) : stay(phase);
    default:
      return stay(phase);
  }
}

function inEnded(phase: In<"ended">, input: CallInput): Step {
  switch (input.kind) {
    case "dismiss":
    case "hangup":
      return idle();
    case "timer":
      return input.name === "linger" ? idle() : stay(phase);
    case "initiated":
      return stay(phase, { do: "end", call: input.call, peer: input.peer });
    default:
      return stay(phase);
  }
}

function activate(phase: In<"calling"> | In<"answering">, role: Role, now: number, ...more: CallEffect[]): Step {
  const { call, peer, type } = phase;
  return stay(
    { kind: "active", call, peer, type, role, path: "connecting", since: now, peerLost: false, serverLost: false },
    { do: "cancel_timer", name: "ring" },
    { do: "set_timer", name: "connect", ms: CONNECT_MS },
    { do: "report_path" },
    ...more,
  );
}

function remoteEnded(phase: In<"calling" | "ringing" | "answering" | "active">, reason: RemoteEnd, ending: Ending = {}): Step {
  switch (reason) {
    case "hangup":
      return ended(phase, "hangup", ending);
    case "rejected":
      return phase.kind === "calling" ? ended(phase, "rejected", ending) : idle();
    case "missed":
      return phase.kind === "calling" ? ended(phase, "no_answer", ending) : idle();
    case "cancelled":
      return idle();
    case "answered_elsewhere":
      return ended(phase, "elsewhere", ending);
    case "lost":
      return ended(phase, "lost", ending);
    case "closed":
      return phase.kind === "ringing" ? idle() : ended(phase, "hangup", ending);
  }
}

/** Reasons that need no answer: their screen closes by itself. */
const PASSING: ReadonlySet<EndReason> = new Set(["hangup", "elsewhere"]);

interface Ending {
  devices?: number | null;
  seconds?: number | null;
  effects?: readonly CallEffect[];
}

function ended(
  phase: Exclude<CallPhase, { kind: "idle" }>,
  reason: EndReason,
  { devices = null, seconds = null, effects = [] }: Ending = {},
): Step {
  const linger: CallEffect[] = PASSING.has(reason) ? [{ do: "set_timer", name: "linger", ms: LINGER_MS }] : [];
  return stay({ kind: "ended", peer: phase.peer, type: phase.type, reason, devices, seconds }, { do: "release" }, ...effects, ...linger);
}
