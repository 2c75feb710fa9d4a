// The life of a group call, as this device sees it. Pure: told inputs and the time, it returns the next phase and what is to be done.

import type { GroupEndReason, ParticipantId } from "../../api/group";
import type { CallId, CallType, ChatId } from "../../api/wire";
import type { MediaFault } from "../call";
import type { PathState } from "../peer";

/** `connecting` until the first sound; `restoring` while a new path or a new place in the call is looked for. */
export type GroupLink = "connecting" | "good" | "server_lost" | "media_lost" | "restoring";

/** `already`: this account is in a call on another device. */
export type GroupEnd =
  | "left"
  | "ended"
  | "missed"
  | "cancelled"
  | "lost"
  | "moved"
  | "removed"
  | "full"
  | "locked"
  | "already"
  | "no_path"
  | "failed"
  | MediaFault;

export type GroupPhase =
  | { kind: "idle" }
  /** Before the call: one looks at oneself and chooses devices. `fault`: why the microphone cannot be had; else it is `open`, or being opened. */
  | { kind: "ready"; chat: ChatId; type: CallType; open: boolean; fault: MediaFault | null }
  /** `call` is null until the server has named it; `started`: it is one's own, and ends when nobody comes. */
  | { kind: "joining"; chat: ChatId; type: CallType; call: CallId | null; started: boolean }
  | {
      kind: "active";
      chat: ChatId;
      type: CallType;
      call: CallId;
      participantId: ParticipantId;
      /** Milliseconds of the monotonic clock at which this device joined first. */
      since: number;
      /** What the three below come to. */
      link: GroupLink;
      server: boolean;
      /** `silent`: ICE has nothing to say against the path, yet nothing comes over it; the server is asked. */
      media: "connecting" | "connected" | "silent" | "broken";
      /** `held` while the server knows this participant; else a new joining is under way. */
      place: "held" | "joining";
    }
  | { kind: "over"; chat: ChatId; type: CallType; call: CallId | null; reason: GroupEnd; /** How long one was in it. */ seconds: number | null };

/** `silent`: nothing comes over it any more, before ICE has noticed; `connected` follows if something comes again. */
export type GroupPath = Exclude<PathState, "connecting"> | "silent";

export type GroupTimer = "connect" | "grace" | "restore" | "retry" | "absent" | "give_up" | "linger";

/** Why the server did not do what was asked; `network`: nobody knows whether it did. */
export type Refused = "network" | "no_participant" | GroupEnd;

export type GroupInput =
  | { kind: "prepare"; chat: ChatId; type: CallType }
  | { kind: "enter"; call: CallId | null }
  | { kind: "start"; chat: ChatId; type: CallType }
  | { kind: "join"; chat: ChatId; type: CallType; call: CallId; camera: boolean }
  /** The private call of this device goes on as a group call. */
  | { kind: "grown"; chat: ChatId; type: CallType; call: CallId }
  | { kind: "leave" }
  | { kind: "dismiss" }
  | { kind: "media_ready" }
  | { kind: "media_failed"; fault: MediaFault }
  /** `anew`: this account started it. */
  | { kind: "started"; call: CallId; anew: boolean }
  | { kind: "start_failed"; why: Refused }
  | { kind: "joined"; call: CallId; participant: ParticipantId }
  | { kind: "join_failed"; why: Refused }
  | { kind: "resumed"; held: boolean }
  | { kind: "refused"; why: Refused }
  /** The connection cannot follow what was negotiated. */
  | { kind: "tangled" }
  /** The call as the server tells it has this participant in it no more. */
  | { kind: "absent" }
  | { kind: "ended"; call: CallId; reason: GroupEndReason; seconds: number | null }
  | { kind: "put_out"; call: CallId; reason: "moved" | "removed" }
  | { kind: "server_down" }
  | { kind: "server_up" }
  | { kind: "path"; state: GroupPath }
  | { kind: "network_changed" }
  | { kind: "timer"; name: GroupTimer };

export type GroupEffect =
  | { do: "open_media"; camera: boolean }
  /** Takes over the devices of the private call. */
  | { do: "take_media" }
  | { do: "start"; chat: ChatId; type: CallType }
  /** Joins with a new connection; the old one's pictures stay until `settle`. */
  | { do: "join"; call: CallId }
  | { do: "settle" }
  /** `within`: milliseconds; without an answer the way to the server is dead, too. */
  | { do: "resume"; call: CallId; participant: ParticipantId; within: number }
  | { do: "restart_path" }
  | { do: "leave"; call: CallId; participant: ParticipantId }
  /** Ends a call that was started and not joined. */
  | { do: "decline"; call: CallId }
  /** Timers, devices and connections are let go. */
  | { do: "release" }
  | { do: "set_timer"; name: GroupTimer; ms: number }
  | { do: "cancel_timer"; name: GroupTimer };

export interface GroupStep {
  phase: GroupPhase;
  effects: readonly GroupEffect[];
}

/** From the joining to the first sound; then it is given up. */
export const CONNECT_MS = 25_000;
/** Most breaks of a path heal by themselves within this. */
export const GRACE_MS = 2_000;
/** The server is asked on behalf of this participant within this, or the way to it has died in silence. */
export const RESUME_MS = 3_000;
/** So it is most likely when media has fallen silent, too. */
export const SILENT_RESUME_MS = 1_000;
/** For a restarted path, or a new connection, to come up; then the call is joined anew. */
export const RESTORE_MS = 6_000;
export const RETRY_MS = 500;
/** What put this device out is told right after the call is told without it. */
export const ABSENT_MS = 1_500;
/** A call without sound is held this long. */
export const GIVE_UP_MS = 120_000;
export const LINGER_MS = 2_500;

type In<Kind extends GroupPhase["kind"]> = Extract<GroupPhase, { kind: Kind }>;
type Input<Kind extends GroupInput["kind"]> = Extract<GroupInput, { kind: Kind }>;

const stay = (phase: GroupPhase, ...effects: GroupEffect[]): GroupStep => ({ phase, effects });
const idle = (...effects: GroupEffect[]): GroupStep => stay({ kind: "idle" }, ...effects, { do: "release" });
const timer = (name: GroupTimer, ms: number): GroupEffect => ({ do: "set_timer", name, ms });
const cancel = (...names: GroupTimer[]): GroupEffect[] => names.map((name) => ({ do: "cancel_timer", name }));

export function step(phase: GroupPhase, input: GroupInput, now: number): GroupStep {
  switch (input.kind) {
    case "prepare":
    case "start":
    case "join":
    case "grown":
      return begin(phase, input);
    case "ended":
      return "call" in phase && phase.call === input.call ? over(phase, endOf(input.reason), now, input.seconds) : stay(phase);
    case "put_out":
      return "call" in phase && phase.call === input.call ? over(phase, input.reason, now) : stay(phase);
    default:
      break;
  }
  switch (phase.kind) {
    case "idle":
      return stay(phase);
    case "ready":
      return inReady(phase, input);
    case "joining":
      return inJoining(phase, input, now);
    case "active":
      return inActive(phase, input, now);
    case "over":
      return inOver(phase, input);
  }
}

/** A call that is begun takes the place of the one this device is in. */
function begin(phase: GroupPhase, input: Input<"prepare" | "start" | "join" | "grown">): GroupStep {
  const { chat, type } = input;
  const inCall = phase.kind === "joining" || phase.kind === "active";
  if (inCall && phase.chat === chat) return stay(phase);
  const before: GroupEffect[] = [...(phase.kind === "active" ? [leaving(phase)] : givenUp(phase)), { do: "release" }];
  switch (input.kind) {
    case "prepare":
      return stay({ kind: "ready", chat, type, open: false, fault: null }, ...before, { do: "open_media", camera: type === "video" });
    case "start":
      return stay({ kind: "joining", chat, type, call: null, started: false }, ...before, { do: "open_media", camera: type === "video" });
    case "join":
      return stay({ kind: "joining", chat, type, call: input.call, started: false }, ...before, { do: "open_media", camera: input.camera });
    case "grown":
      return stay({ kind: "joining", chat, type, call: input.call, started: false }, ...before, { do: "take_media" });
  }
}

function inReady(phase: In<"ready">, input: GroupInput): GroupStep {
  const { chat, type } = phase;
  switch (input.kind) {
    case "media_ready":
      return stay({ ...phase, open: true, fault: null });
    case "media_failed":
      return stay({ ...phase, open: false, fault: input.fault });
    case "enter": {
      const next: In<"joining"> = { kind: "joining", chat, type, call: input.call, started: false };
      if (phase.open) return stay(next, ...proceed(next));
      return phase.fault ? stay(next, { do: "open_media", camera: type === "video" }) : stay(next);
    }
    case "leave":
    case "dismiss":
      return idle();
    default:
      return stay(phase);
  }
}

function proceed({ chat, type, call }: In<"joining">): GroupEffect[] {
  return [timer("connect", CONNECT_MS), call === null ? { do: "start", chat, type } : { do: "join", call }];
}

function inJoining(phase: In<"joining">, input: GroupInput, now: number): GroupStep {
  switch (input.kind) {
    case "media_ready":
      return stay(phase, ...proceed(phase));
    case "media_failed":
      return over(phase, input.fault, now);
    case "started":
      return stay({ ...phase, call: input.call, started: input.anew }, { do: "join", call: input.call });
    case "joined": {
      const { chat, type } = phase;
      const { call, participant: participantId } = input;
      const joined = { kind: "active", chat, type, call, participantId, since: now, server: true, media: "connecting", place: "held" } as const;
      return stay({ ...joined, link: "connecting" });
    }
    case "start_failed":
    case "join_failed":
      if (input.why === "network") return stay(phase, timer("retry", RETRY_MS));
      return over(phase, input.why === "no_participant" ? "failed" : input.why, now);
    case "timer":
      if (input.name === "connect") return over(phase, "failed", now);
      if (input.name === "retry") return stay(phase, proceed(phase)[1] as GroupEffect);
      return stay(phase);
    case "leave":
    case "dismiss":
      return idle(...givenUp(phase));
    default:
      return stay(phase);
  }
}

function inActive(phase: In<"active">, input: GroupInput, now: number): GroupStep {
  const { call, participantId: participant } = phase;
  switch (input.kind) {
    case "leave":
      return over(phase, "left", now, null, leaving(phase));
    case "server_down":
      return active(phase, { server: false });
    case "server_up":
      return active(phase, { server: true }, phase.place === "held" ? { do: "resume", call, participant, within: RESUME_MS } : { do: "join", call });
    case "resumed":
      if (!input.held) return rejoin(phase);
      return phase.media === "broken" || phase.media === "silent" ? restart(phase) : stay(phase);
    case "joined":
      return active(
        { ...phase, participantId: input.participant },
        { place: "held", media: phase.media === "connecting" ? "connecting" : "broken" },
        timer("restore", RESTORE_MS),
        timer("give_up", GIVE_UP_MS),
      );
    case "join_failed":
      if (input.why === "network") return stay(phase, timer("retry", RETRY_MS));
      return over(phase, input.why === "no_participant" ? "failed" : input.why, now);
    case "refused":
      // What the loss of an answer leaves open shows when the socket is back.
      if (input.why === "network") return stay(phase);
      return input.why === "no_participant" ? rejoin(phase) : over(phase, input.why, now);
    case "tangled":
      return rejoin(phase);
    case "absent":
      return phase.place === "held" ? stay(phase, timer("absent", ABSENT_MS)) : stay(phase);
    case "path":
      return onPath(phase, input.state);
    case "network_changed":
      return restart(phase);
    case "timer":
      return onTimer(phase, input.name, now);
    default:
      return stay(phase);
  }
}

function onPath(phase: In<"active">, state: GroupPath): GroupStep {
  const { call, participantId: participant } = phase;
  const stood = phase.media === "connected" || phase.media === "silent";
  switch (state) {
    case "connected":
      return active(phase, { media: "connected" }, { do: "settle" }, ...cancel("connect", "grace", "restore", "give_up"));
    case "silent": {
      if (phase.media !== "connected" || phase.place !== "held") return stay(phase);
      const ask: GroupEffect[] = phase.server ? [{ do: "resume", call, participant, within: SILENT_RESUME_MS }] : [];
      return active(phase, { media: "silent" }, timer("give_up", GIVE_UP_MS), ...ask);
    }
    case "disconnected":
      if (!stood) return stay(phase);
      return active(phase, { media: "broken" }, timer("grace", GRACE_MS), timer("give_up", GIVE_UP_MS));
    case "failed": {
      if (phase.media === "broken") return restart(phase);
      const broken: In<"active"> = stood ? { ...phase, media: "broken" } : phase;
      const next = restart(broken);
      return { phase: linked(broken), effects: [timer("give_up", GIVE_UP_MS), ...next.effects] };
    }
  }
}

function onTimer(phase: In<"active">, name: GroupTimer, now: number): GroupStep {
  const lost = phase.media !== "connected";
  switch (name) {
    case "grace":
      return lost ? restart(phase) : stay(phase);
    case "restore":
      return lost && phase.place === "held" ? rejoin(phase) : stay(phase);
    case "absent":
      return phase.place === "held" ? rejoin(phase) : stay(phase);
    case "retry":
      return phase.place === "joining" ? stay(phase, { do: "join", call: phase.call }) : stay(phase);
    case "connect":
      return phase.media === "connecting" ? over(phase, "no_path", now, null, leaving(phase)) : stay(phase);
    case "give_up":
      return lost ? over(phase, "lost", now, null, leaving(phase)) : stay(phase);
    case "linger":
      return stay(phase);
  }
}

/** Looks for a new path, if there is a server to agree on it with. */
function restart(phase: In<"active">): GroupStep {
  if (!phase.server || phase.place !== "held") return stay(phase);
  const media = phase.media === "silent" ? "broken" : phase.media;
  return active(phase, { media }, { do: "restart_path" }, timer("restore", RESTORE_MS));
}

function rejoin(phase: In<"active">): GroupStep {
  const join: GroupEffect[] = phase.server ? [{ do: "join", call: phase.call }] : [];
  return active(phase, { place: "joining" }, ...cancel("absent", "grace", "restore"), timer("give_up", GIVE_UP_MS), ...join);
}

function inOver(phase: In<"over">, input: GroupInput): GroupStep {
  switch (input.kind) {
    case "dismiss":
    case "leave":
      return idle();
    case "timer":
      return input.name === "linger" ? idle() : stay(phase);
    default:
      return stay(phase);
  }
}

function active(phase: In<"active">, change: Partial<Pick<In<"active">, "server" | "media" | "place">>, ...effects: GroupEffect[]): GroupStep {
  return stay(linked({ ...phase, ...change }), ...effects);
}

function linked(phase: In<"active">): In<"active"> {
  return { ...phase, link: linkOf(phase) };
}

function linkOf({ server, media, place }: In<"active">): GroupLink {
  const stands = media === "connected" || media === "silent";
  if (media === "connecting" && place === "held") return "connecting";
  if (!server) return stands ? "server_lost" : "media_lost";
  return place === "held" && stands ? "good" : "restoring";
}

function leaving({ call, participantId }: In<"active">): GroupEffect {
  return { do: "leave", call, participant: participantId };
}

/** A call that was started rings for nobody any more when who started it does not come. */
function givenUp(phase: GroupPhase): GroupEffect[] {
  return phase.kind === "joining" && phase.started && phase.call !== null ? [{ do: "decline", call: phase.call }] : [];
}

/** Reasons that need no answer: their screen closes by itself. */
const PASSING: ReadonlySet<GroupEnd> = new Set(["left", "ended", "cancelled"]);

function over(
  phase: Exclude<GroupPhase, { kind: "idle" }>,
  reason: GroupEnd,
  now: number,
  seconds: number | null = null,
  ...effects: GroupEffect[]
): GroupStep {
  if (phase.kind === "over") return stay(phase);
  const { chat, type } = phase;
  const lasted = phase.kind === "active" ? Math.round((now - phase.since) / 1000) : null;
  const call = "call" in phase ? phase.call : null;
  const linger = PASSING.has(reason) ? [timer("linger", LINGER_MS)] : [];
  return stay({ kind: "over", chat, type, call, reason, seconds: lasted ?? seconds }, ...givenUp(phase), ...effects, { do: "release" }, ...linger);
}

function endOf(reason: GroupEndReason): GroupEnd {
  return reason === "empty" || reason === "closed" ? "ended" : reason;
}
