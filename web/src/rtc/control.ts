// Drives one call at a time: feeds the machine in `call`, does what it asks with the server, the devices and the peer connection.

import { ApiError } from "../api/failure";
import type { Api } from "../api/client";
import type { CallChannel } from "../api/socket";
import type { CallId, CallType, Description, Person, UserId } from "../api/wire";
import { step, type CallEffect, type CallInput, type CallPhase, type Role, type TimerName } from "./call";
import { MediaError, type Devices } from "./devices";
import { followCall } from "./follow";
import { createLocal, NOTHING_OPEN, type Handover, type LocalState } from "./local";
import { createPeer, type Peer, type RemoteTracks } from "./peer";
import { createSignals } from "./signals";
import { createTimers } from "./timers";
import type { Witness } from "./witness";

export interface CallMedia extends LocalState {
  remote: RemoteTracks;
}

export interface CallControlOptions {
  api: Pick<Api, "initiateCall" | "rtcConfig">;
  channel: CallChannel;
  devices: Pick<Devices, "open" | "microphone" | "camera" | "onChosen" | "onListed">;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  after(ms: number, task: () => void): () => void;
  /** Sees what happens, and tells the server. */
  witness: Witness;
  onPhase(phase: CallPhase): void;
  onMedia(media: CallMedia): void;
}

export interface CallControl {
  dial(peer: Person, type: CallType): void;
  answer(camera: boolean): void;
  decline(): void;
  hangUp(): void;
  dismiss(): void;
  setMuted(muted: boolean): void;
  setCamera(on: boolean): Promise<void>;
  /** The living peer connection, for diagnosis. */
  connection(): RTCPeerConnection | null;
  /** Gives the open devices to the group call that this one grows into; it goes on with them until it is dropped. */
  handOver(): Handover | null;
  /** Lets the call go without ending it. */
  drop(): void;
  /** Ends the call at once, as the page is going away. */
  leave(): void;
  close(): void;
}

const NO_REMOTE: RemoteTracks = { audio: null, video: null };
export const NO_MEDIA: CallMedia = { ...NOTHING_OPEN, remote: NO_REMOTE };
/** Candidates of a ringing call that are kept; a browser gathers some ten. */
const KEPT_SIGNALS = 200;

type RemoteSignal = { description: Description } | { candidate: RTCIceCandidateInit };

export function createCallControl(options: CallControlOptions): CallControl {
  const { api, channel, devices, now, after, witness, onPhase, onMedia } = options;
  let phase: CallPhase = { kind: "idle" };
  let remote = NO_REMOTE;
  let peer: Peer | null = null;
  let connection: RTCPeerConnection | null = null;
  let configuration: RTCConfiguration | null = null;
  /** What came before the peer connection was there. */
  let early: { call: CallId; signals: RemoteSignal[] } = { call: "", signals: [] };
  /** Asked for while it rings, so that answering needs no more of the server than the acceptance. */
  let prepared: Promise<RTCConfiguration> | null = null;
  /** The socket may speak of a call before the answer that names it is here. */
  let announced: { call: CallId; devices: number } | null = null;
  /** Counts the calls of this device: what was asked for an earlier one is let go when it comes. */
  let turn = 0;
  /** It grows into a group call, which drops it when that is heard: nothing else concerns it any more. */
  let isGiven = false;
  const timers = createTimers<TimerName>(after, (name) => feed({ kind: "timer", name }));
  const signals = createSignals(channel);
  const local = createLocal({
    devices,
    onState: (state) => onMedia({ ...state, remote }),
    onMicrophone: (track) => peer?.setMicrophone(track),
    onCamera: (track) => peer?.setCamera(track),
  });

  function feed(input: CallInput): void {
    if (isGiven && input.kind !== "dropped") return;
    const next = step(phase, input, now());
    const changed = next.phase !== phase;
    followCall(witness, phase, next.phase, next.effects, input.kind === "dropped");
    phase = next.phase;
    for (const effect of next.effects) perform(effect);
    if (changed) onPhase(phase);
  }

  function setRemote(tracks: RemoteTracks): void {
    remote = tracks;
    onMedia({ ...local.state(), remote });
  }

  function perform(effect: CallEffect): void {
    switch (effect.do) {
      case "open_media":
        return void openMedia(effect.camera);
      case "initiate":
        return void initiate(effect.peer, effect.type);
      case "accept":
        return void accept(effect.call, effect.peer);
      case "reject":
        return void finish("reject_call", effect.call, effect.peer);
      case "end":
        return void finish("end_call", effect.call, effect.peer);
      case "open_peer":
        return openPeer(effect.call, effect.peer, effect.role, effect.type);
      case "join":
        return void join(effect.call);
      case "resend_offer":
        return peer?.resendOffer();
      case "restart_path":
        return peer?.restart();
      case "report_path":
        if (peer?.path() === "connected") feed({ kind: "path", state: "connected" });
        return;
      case "release":
        return release();
      case "set_timer":
        return timers.set(effect.name, effect.ms);
      case "cancel_timer":
        return timers.cancel(effect.name);
    }
  }

  function prepare(): void {
    const asked = api.rtcConfig();
    prepared = asked;
    asked.catch(() => {
      // Asked again when one answers.
      if (prepared === asked) prepared = null;
    });
  }

  async function openMedia(camera: boolean): Promise<void> {
    const mine = turn;
    const [opened, found] = await Promise.allSettled([local.open(camera), prepared ?? api.rtcConfig()]);
    prepared = null;
    if (mine !== turn) return;
    if (opened.status === "rejected") return feed({ kind: "media_failed", fault: faultOf(opened.reason) });
    if (found.status === "rejected") {
      local.release();
      return feed({ kind: "config_failed" });
    }
    configuration = found.value;
    feed({ kind: "media_ready" });
  }

  async function initiate(target: Person, type: CallType): Promise<void> {
    const mine = turn;
    try {
      const call = await api.initiateCall(target.id, type);
      const devices = announced?.call === call.id ? announced.devices : null;
      if (mine === turn) feed({ kind: "initiated", call: call.id, peer: target, devices });
      else void finish("end_call", call.id, target);
    } catch (error) {
      if (mine === turn) feed({ kind: "initiate_failed", reason: initiateReason(error) });
    }
  }

  async function accept(call: CallId, caller: Person): Promise<void> {
    try {
      await channel.request("accept_call", { callId: call, callerId: caller.id });
      signals.open();
      feed({ kind: "accepted", call });
    } catch (error) {
      // Whether it was heard shows when the connection is back.
      if (isNetwork(error)) return;
      feed({ kind: "accept_failed", call, reason: acceptReason(error) });
    }
  }

  async function finish(name: "reject_call" | "end_call", call: CallId, other: Person): Promise<void> {
    try {
      await channel.request(name, { callId: call, remoteUserId: other.id });
    } catch (error) {
      // Without a connection the server ends the call by itself when this leg does not come back.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async function join(call: CallId): Promise<void> {
    try {
      const { call: row, resendOffer } = await channel.request("join_call_room", { callId: call });
      if (row.endedAt !== null) return feed({ kind: "rejoin_refused", call });
      // Nothing but the acceptance comes before an answer.
      if (phase.kind !== "answering" || row.status === "answered") signals.open();
      feed({ kind: "rejoined", call, answered: row.status === "answered", resendOffer });
    } catch (error) {
      if (!isNetwork(error)) feed({ kind: "rejoin_refused", call });
    }
  }

  function openPeer(call: CallId, other: Person, role: Role, type: CallType): void {
    const mine = turn;
    const microphone = local.microphone();
    if (!microphone || !configuration) return;
    connection = witness.watch(options.createConnection(configuration));
    peer = createPeer({
      connection,
      role,
      tracks: { audio: microphone, video: local.state().camera },
      withVideo: type === "video",
      sendDescription: (sdp) => sendDescription(call, other.id, sdp),
      sendCandidate: (candidate) => signals.send("ice_candidate", { callId: call, candidate, targetId: other.id }),
      onPath: (state) => {
        if (mine === turn && state !== "connecting") feed({ kind: "path", state });
      },
      onRemote: (tracks) => {
        if (mine === turn) setRemote(tracks);
      },
    });
    if (early.call === call) for (const signal of early.signals.splice(0)) give(signal);
  }

  function sendDescription(call: CallId, other: UserId, sdp: Description): void {
    if (sdp.type === "offer") signals.send("sdp_offer", { callId: call, sdp, receiverId: other });
    else signals.send("sdp_answer", { callId: call, sdp, callerId: other });
  }

  function give(signal: RemoteSignal): void {
    const done = "description" in signal ? peer?.handleDescription(signal.description) : peer?.handleCandidate(signal.candidate);
    done?.catch(() => {
      if (phase.kind === "active") feed({ kind: "path", state: "failed" });
    });
  }

  function hear(call: CallId, signal: RemoteSignal): void {
    if (peer && "call" in phase && phase.call === call) return give(signal);
    if (early.call !== call) early = { call, signals: [] };
    if (early.signals.length < KEPT_SIGNALS) early.signals.push(signal);
  }

  function release(): void {
    turn += 1;
    timers.clear();
    peer?.close();
    peer = null;
    connection = null;
    configuration = null;
    prepared = null;
    signals.clear();
    if (remote !== NO_REMOTE) setRemote(NO_REMOTE);
    local.release();
  }

  const stops = [
    channel.on("incoming_call", ({ callId, remoteUserId, callerName, callType, expiresIn }) => {
      // The offer and all its candidates follow, also when this device was only cut off for a while.
      early = { call: callId, signals: [] };
      feed({ kind: "incoming", call: callId, peer: { id: remoteUserId, username: callerName }, type: callType, expiresIn });
      if (phase.kind === "ringing" && phase.call === callId) prepare();
    }),
    channel.on("call_ringing", ({ callId, devices: count }) => {
      announced = { call: callId, devices: count };
      feed({ kind: "devices", call: callId, devices: count });
    }),
    channel.on("call_accepted", ({ callId }) => feed({ kind: "remote_accepted", call: callId })),
    channel.on("call_rejected", ({ callId }) => feed({ kind: "remote_ended", call: callId, reason: "rejected", seconds: null })),
    channel.on("call_ended", ({ callId, reason, duration }) =>
      feed({ kind: "remote_ended", call: callId, reason: reason ?? "hangup", seconds: duration ?? null }),
    ),
    channel.on("call_peer", ({ callId, state }) => feed({ kind: "peer_link", call: callId, lost: state === "lost" })),
    channel.on("sdp_offer", ({ callId, sdp }) => hear(callId, { description: describe("offer", sdp) })),
    channel.on("sdp_answer", ({ callId, sdp }) => hear(callId, { description: describe("answer", sdp) })),
    channel.on("ice_candidate", ({ callId, candidate }) => hear(callId, { candidate: candidateOf(candidate) })),
    channel.onLink((link) => {
      if (link === "up") {
        // Only a call that the lost socket was, or may have been, a leg of has to be joined again first.
        if (phase.kind !== "calling" && phase.kind !== "answering" && phase.kind !== "active") signals.open();
        feed({ kind: "server_up" });
      } else {
        signals.shut();
        feed({ kind: "server_down" });
      }
    }),
  ];

  return {
    dial: (target, type) => feed({ kind: "dial", peer: target, type }),
    answer: (camera) => feed({ kind: "answer", camera }),
    decline: () => feed({ kind: "decline" }),
    hangUp: () => feed({ kind: "hangup" }),
    dismiss: () => feed({ kind: "dismiss" }),
    setMuted: local.setMuted,
    setCamera: local.setCamera,
    connection: () => connection,
    handOver() {
      isGiven = true;
      return local.give();
    },
    drop() {
      feed({ kind: "dropped" });
      isGiven = false;
    },
    leave() {
      if (!("call" in phase)) return;
      const payload = { callId: phase.call, remoteUserId: phase.peer.id };
      // A ringing phone goes on ringing on the other devices of its owner.
      if (phase.kind === "calling" || phase.kind === "active") channel.tell("end_call", payload);
    },
    close() {
      for (const stop of stops) stop();
      release();
      local.close();
    },
  };
}

function faultOf(reason: unknown): MediaError["fault"] {
  if (reason instanceof MediaError) return reason.fault;
  throw reason;
}

/** True if no answer came; throws what is no `ApiError` on. */
function isNetwork(error: unknown): boolean {
  if (!(error instanceof ApiError)) throw error;
  return error.status === 0;
}

function acceptReason(error: unknown): "elsewhere" | "over" | "failed" {
  if (!(error instanceof ApiError)) throw error;
  switch (error.code) {
    case "call.answered_elsewhere":
      return "elsewhere";
    case "call.ended":
    case "call.not_ringing":
    case "call.unknown":
      return "over";
    default:
      return "failed";
  }
}

function initiateReason(error: unknown): "busy" | "already" | "failed" {
  if (!(error instanceof ApiError)) throw error;
  if (error.code === "call.busy") return "busy";
  return error.code === "call.already" ? "already" : "failed";
}

/** Old clients send the text alone. */
function describe(type: RTCSdpType, sdp: Description | string): Description {
  return typeof sdp === "string" ? { type, sdp } : sdp;
}

function candidateOf(candidate: RTCIceCandidateInit | string): RTCIceCandidateInit {
  return typeof candidate === "string" ? { candidate, sdpMLineIndex: 0 } : candidate;
}
