// Drives one group call at a time: feeds the machine in `phase`, does what it asks with the server, the devices and the connection.

import { ApiError } from "../../api/failure";
import type { Api } from "../../api/client";
import type { GroupCall, GroupEvents, ModerateAction, ParticipantId } from "../../api/group";
import type { CallChannel } from "../../api/socket";
import type { CallId, CallType, ChatId, UserId } from "../../api/wire";
import { MediaError, type Devices } from "../devices";
import { followGroup } from "../follow";
import { createLocal, type Handover, type LocalState } from "../local";
import { createTimers } from "../timers";
import type { Witness } from "../witness";
import { createConnections, type Connections } from "./connections";
import { RESUME_MS, step, type GroupEffect, type GroupInput, type GroupPhase, type GroupTimer } from "./phase";
import { refusedBy } from "./refusal";
import { createScene, type GroupScene } from "./scene";
import { createScreenShare } from "./screen";
import { createTelling } from "./telling";
import { withCall, withQuality, withSeats, withVideo, type Room, type ShownTile } from "./tiles";

export interface GroupMedia extends LocalState {
  screen: MediaStreamTrack | null;
}

export interface GroupControlOptions {
  api: Pick<Api, "rtcConfig">;
  channel: CallChannel;
  devices: Devices;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  codecs(kind: "audio" | "video"): readonly RTCRtpCodec[];
  me: UserId;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  after(ms: number, task: () => void): () => void;
  /** The private call of this device, which may grow into a group call, and gives way to any other. */
  privateCall: { id(): CallId | null; handOver(): Handover | null; drop(): void; hangUp(): void };
  /** Sees what happens, and tells the server. */
  witness: Witness;
  onPhase(phase: GroupPhase): void;
  onMedia(media: GroupMedia): void;
  onScene(scene: GroupScene): void;
  /** An answer of the server tells the call, too. */
  onCall(call: GroupCall): void;
}

export interface GroupControl {
  prepare(chat: ChatId, type: CallType): void;
  /** `call`: the living call of the chat. */
  enter(call: CallId | null): void;
  start(chat: ChatId, type: CallType): void;
  join(call: GroupCall, camera: boolean): void;
  /** Ends the ringing of a call on all devices of this account. */
  decline(call: CallId): void;
  leave(): void;
  dismiss(): void;
  setMuted(muted: boolean): void;
  setCamera(on: boolean): Promise<void>;
  shareScreen(on: boolean): Promise<void>;
  show(tiles: readonly ShownTile[]): void;
  invite(user: UserId): Promise<void>;
  moderate(action: ModerateAction, user?: UserId): Promise<void>;
  microphone(): MediaStreamTrack | null;
  /** The device is on another network. */
  networkChanged(): void;
  connection(): RTCPeerConnection | null;
  /** Leaves at once, as the page is going away. */
  vanish(): void;
  close(): void;
}

/** Of events that came before the answer they belong to. */
const KEPT_EVENTS = 50;
/** An offer that fell to one of ours comes again within this by itself; one of ours that had no answer is sent again after it. */
const AGAIN_MS = 800;

export function createGroupControl(options: GroupControlOptions): GroupControl {
  const { channel, devices, now, after, privateCall, witness, onPhase } = options;
  let phase: GroupPhase = { kind: "idle" };
  /** The private call goes on until this one is heard. */
  let growing = false;
  /** What the server said of a participant before its answer named it as this one; of the call itself, null. */
  let early: { participant: ParticipantId | null; hear(): void }[] = [];
  /** Counts the calls of this device: what was asked for an earlier one is let go when it comes. */
  let turn = 0;
  const timers = createTimers<GroupTimer>(after, (name) => feed({ kind: "timer", name }));

  const local = createLocal({
    devices,
    onState: () => showMedia(),
    onMicrophone: (track) => connections.current()?.setMicrophone(track),
    onCamera: (track) => connections.current()?.setCamera(track),
  });
  const screen = createScreenShare({
    devices,
    publish: (shown) => connections.current()?.setScreen(shown) ?? Promise.resolve(),
    wanted: () => phase.kind === "active",
    onChange: () => showMedia(),
  });
  const telling = createTelling({
    channel,
    after,
    part: () => (phase.kind === "active" && phase.place === "held" ? { callId: phase.call, participantId: phase.participantId } : null),
    state: () => ({ muted: local.state().muted, camera: local.state().camera !== null, screen: screen.picture() !== null }),
  });
  const connections: Connections = createConnections({
    ...options,
    createConnection: (configuration) => witness.watch(options.createConnection(configuration)),
    local: () => ({ microphone: local.microphone(), camera: local.state().camera, muted: local.state().muted }),
    part: () => (phase.kind === "active" ? { callId: phase.call, participantId: phase.participantId } : null),
    wantsPictures: () => "type" in phase && phase.type === "video",
    onJoined(participant, call) {
      scene.begin(call, participant);
      options.onCall(call);
      feed({ kind: "joined", call: call.id, participant });
      telling.seat([]);
      telling.again();
      screen.renew();
      for (const event of early.splice(0)) if (event.participant === participant || event.participant === null) event.hear();
    },
    onUnwanted: (call, participant) => void leaveCall(call, participant),
    onJoinFailed: (error) => feed({ kind: "join_failed", why: refusedBy(error) }),
    onPath: (state) => feed({ kind: "path", state }),
    onTracks: () => scene.show(),
    onIgnored: () => void after(AGAIN_MS, askAgain),
    onFailed(error) {
      const why = error && refusedBy(error);
      if (why === "network") after(AGAIN_MS, () => connections.current()?.resend());
      feed(why ? { kind: "refused", why } : { kind: "tangled" });
    },
  });

  const scene = createScene({
    connections,
    own: () => ({ muted: local.state().muted, camera: local.state().camera, screen: screen.picture() }),
    after,
    onScene: options.onScene,
  });

  function feed(input: GroupInput): void {
    const next = step(phase, input, now());
    const changed = next.phase !== phase;
    followGroup(witness, phase, next.phase, next.effects);
    phase = next.phase;
    for (const effect of next.effects) perform(effect);
    if (changed) onPhase(phase);
  }

  function perform(effect: GroupEffect): void {
    switch (effect.do) {
      case "open_media":
        connections.prepare();
        return void openMedia(effect.camera);
      case "take_media":
        return takeMedia();
      case "start":
        return void start(effect.chat, effect.type);
      case "join":
        return join(effect.call);
      case "settle":
        return settle();
      case "resume":
        return void resume(effect.call, effect.participant, effect.within);
      case "restart_path":
        return connections.current()?.restart();
      case "leave":
        return void leaveCall(effect.call, effect.participant);
      case "decline":
        return void decline(effect.call);
      case "release":
        return release();
      case "set_timer":
        return timers.set(effect.name, effect.ms);
      case "cancel_timer":
        return timers.cancel(effect.name);
    }
  }

  function showMedia(): void {
    options.onMedia({ ...local.state(), screen: screen.picture() });
    telling.state();
    scene.show();
  }

  async function openMedia(camera: boolean): Promise<void> {
    const mine = turn;
    try {
      if (await local.open(camera)) feed({ kind: "media_ready" });
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      if (mine === turn) feed({ kind: "media_failed", fault: error.fault });
    }
  }

  function takeMedia(): void {
    const given = privateCall.handOver();
    growing = true;
    if (!given) return void openMedia(false);
    local.take(given);
    feed({ kind: "media_ready" });
  }

  async function start(chat: ChatId, type: CallType): Promise<void> {
    const mine = turn;
    try {
      const { call } = await channel.request("group_start", { chatId: chat, type });
      options.onCall(call);
      // The answer that said so may have been lost.
      const anew = call.startedBy === options.me;
      if (mine === turn) feed({ kind: "started", call: call.id, anew });
      else if (anew) void decline(call.id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === turn) feed({ kind: "start_failed", why: refusedBy(error) });
    }
  }

  function join(call: CallId): void {
    scene.hold();
    connections.join(call);
  }

  /** The new connection is heard: what was there before it is let go. */
  function settle(): void {
    connections.settle();
    if (growing) privateCall.drop();
    growing = false;
    scene.settle();
  }

  async function resume(call: CallId, participant: ParticipantId, within: number): Promise<void> {
    try {
      const answer = await channel.request("group_resume", { callId: call, participantId: participant }, within);
      if (!isMine(call, participant)) return;
      if (!answer.resumed && isElsewhere(answer.call)) return feed({ kind: "put_out", call, reason: "moved" });
      feed({ kind: "resumed", held: answer.resumed });
      if (!answer.resumed) return;
      scene.resume();
      takeCall(answer.call, true);
      connections.current()?.resend();
      telling.again();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isMine(call, participant)) feed({ kind: "refused", why: refusedBy(error) });
    }
  }

  function askAgain(): void {
    if (phase.kind === "active" && phase.place === "held") void resume(phase.call, phase.participantId, RESUME_MS);
  }

  function isMine(call: CallId, participant: ParticipantId): boolean {
    return phase.kind === "active" && phase.call === call && phase.participantId === participant;
  }

  /** Takes the call as the server tells it; `anew`: its versions may have begun again. */
  function takeCall(call: GroupCall, anew: boolean): void {
    options.onCall(call);
    const room = scene.room();
    if (room?.call.id !== call.id) return;
    const next = anew ? { ...room, call } : withCall(room, call);
    if (next === room) return;
    scene.change(() => next);
    const self = (of: GroupCall) => of.participants.find((each) => each.participantId === room.participantId);
    const mutedBy = self(call)?.mutedBy ?? null;
    if (mutedBy !== null && mutedBy !== (self(room.call)?.mutedBy ?? null)) local.setMuted(true);
    if (self(call)) return;
    feed(isElsewhere(call) ? { kind: "put_out", call: call.id, reason: "moved" } : { kind: "absent" });
  }

  /** Another device of this account is in the call. While this one joins anew, that may be itself. */
  function isElsewhere(call: GroupCall): boolean {
    if (phase.kind !== "active" || phase.place !== "held") return false;
    const { participantId } = phase;
    return call.participants.some((each) => each.userId === options.me && each.participantId !== participantId);
  }

  async function decline(call: CallId): Promise<void> {
    await channel.request("group_decline", { callId: call }).catch(forgive);
  }

  async function leaveCall(call: CallId, participant: ParticipantId): Promise<void> {
    await channel.request("group_leave", { callId: call, participantId: participant }).catch(forgive);
  }

  function release(): void {
    turn += 1;
    timers.clear();
    connections.release();
    telling.clear();
    early = [];
    screen.stop();
    local.release();
    if (growing) privateCall.drop();
    growing = false;
    scene.clear();
  }

  /** Takes an event of the participant that this device is, or, as its answer is still under way, may turn out to be. */
  function mine<Event extends { callId: CallId; participantId: ParticipantId }>(hear: (event: Event) => void): (event: Event) => void {
    return (event) => {
      const room = scene.room();
      if (room?.call.id === event.callId && room.participantId === event.participantId) return hear(event);
      keep(event.participantId, () => hear(event));
    };
  }

  function keep(participant: ParticipantId | null, hear: () => void): void {
    const joining = phase.kind === "joining" || (phase.kind === "active" && phase.place === "joining");
    if (joining && early.length < KEPT_EVENTS) early.push({ participant, hear });
  }

  /** An event for everybody in the call. */
  function ours<Event extends { callId: CallId }>(next: (room: Room, event: Event) => Room): (event: Event) => void {
    return (event) => {
      if (scene.room()?.call.id === event.callId) scene.change((room) => next(room, event));
    };
  }

  const heard: { [Name in keyof GroupEvents]?: GroupEvents[Name] } = {
    group_call({ call }) {
      takeCall(call, false);
      keep(null, () => takeCall(call, false));
    },
    group_ended: ({ callId, reason, duration }) => feed({ kind: "ended", call: callId, reason, seconds: duration }),
    group_moved: ({ callId }) => feed({ kind: "put_out", call: callId, reason: "moved" }),
    group_removed: ({ callId }) => feed({ kind: "put_out", call: callId, reason: "removed" }),
    group_grown({ call }) {
      // Other pages of this sign-in hear it, too, and this one may have hung up.
      if (privateCall.id() === call.id) feed({ kind: "grown", chat: call.chatId, type: call.type, call: call.id });
    },
    group_server_offer: mine(({ number, sdp }) => connections.current()?.handleOffer(number, sdp)),
    group_seats: mine(({ seats }) => {
      scene.change((room) => withSeats(room, seats));
      telling.seat(seats);
    }),
    group_video: mine((event) => scene.change((room) => withVideo(room, event))),
    group_layers: mine(({ publication, wanted }) => connections.current()?.setLayers(publication, wanted)),
    group_speakers: ours((room, { speakers }) => ({ ...room, speakers })),
    group_quality: ours((room, { participants }) => withQuality(room, participants)),
  };
  const stops = [
    ...Object.entries(heard).map(([name, hear]) => channel.on(name as keyof GroupEvents, hear as never)),
    channel.onLink((link) => {
      // A server that comes back may know of nobody, and counts anew.
      if (link !== "up") {
        scene.hold();
        early = [];
      }
      feed({ kind: link === "up" ? "server_up" : "server_down" });
    }),
  ];

  function begin(input: Extract<GroupInput, { kind: "prepare" | "start" | "join" }>): void {
    privateCall.hangUp();
    feed(input);
  }

  return {
    prepare: (chat, type) => begin({ kind: "prepare", chat, type }),
    enter: (call) => feed({ kind: "enter", call }),
    start: (chat, type) => begin({ kind: "start", chat, type }),
    join: (call, camera) => begin({ kind: "join", chat: call.chatId, type: call.type, call: call.id, camera }),
    decline: (call) => void decline(call),
    leave: () => feed({ kind: "leave" }),
    dismiss: () => feed({ kind: "dismiss" }),
    setMuted: local.setMuted,
    setCamera: local.setCamera,
    shareScreen: (on) => (on ? screen.share() : Promise.resolve(screen.stop())),
    show: telling.show,
    async invite(user) {
      const callId = phase.kind === "active" ? phase.call : privateCall.id();
      if (callId === null) return;
      const { call } = await channel.request("group_invite", { callId, userId: user });
      takeCall(call, false);
    },
    async moderate(action, user) {
      if (phase.kind !== "active") return;
      const about = user === undefined ? {} : { userId: user };
      const { call } = await channel.request("group_moderate", { callId: phase.call, action, ...about });
      takeCall(call, false);
    },
    microphone: local.microphone,
    networkChanged: () => feed({ kind: "network_changed" }),
    connection: connections.connection,
    vanish() {
      if (phase.kind === "active") channel.tell("group_leave", { callId: phase.call, participantId: phase.participantId });
      if (phase.kind === "joining" && phase.started && phase.call !== null) channel.tell("group_decline", { callId: phase.call });
    },
    close() {
      for (const stop of stops) stop();
      release();
      local.close();
    },
  };
}

/** What the server does not take, or hear, it learns from the next joining or resuming. */
function forgive(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}
