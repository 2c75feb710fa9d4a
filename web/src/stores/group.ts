// Group calls as signals: which go on, what rings, the one this device is in.

import { createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from "solid-js";
import type { GroupCall, ModerateAction, ParticipantId } from "../api/group";
import type { CallId, CallType, ChatId, UserId } from "../api/wire";
import { createGroupControl, type GroupControlOptions, type GroupMedia } from "../rtc/group/control";
import type { GroupPhase } from "../rtc/group/phase";
import { NO_SCENE, type GroupScene } from "../rtc/group/scene";
import type { GroupSound, GroupTile, ShownTile } from "../rtc/group/tiles";
import { NOTHING_OPEN } from "../rtc/local";
import { createMeter, type Meter } from "../rtc/meter";
import { createInterrupted, interruptedStorage } from "./interrupted";
import { createLivingCalls, type GroupRing } from "./living";

export type { GroupEnd, GroupLink, GroupPhase } from "../rtc/group/phase";
export type { GroupPicture, GroupSound, GroupTile, ShownTile } from "../rtc/group/tiles";
export type { GroupRing } from "./living";

/** This device in the call, or in the room before it. */
export interface SelfMedia {
  muted: boolean;
  /** The moderator who muted this device, until it is unmuted. */
  mutedBy: UserId | null;
  camera: MediaStreamTrack | null;
  /** The camera was wanted and could not be had. */
  cameraFault: boolean;
  /** The microphone was unplugged and there is no other. */
  microphoneLost: boolean;
  screen: MediaStreamTrack | null;
  /** The browser can share its screen. */
  canShare: boolean;
}

export interface GroupStore {
  /** The living call of each chat that has one, also those this device is not in. */
  calls: Accessor<ReadonlyMap<ChatId, GroupCall>>;
  /** The newest of what rings; null while nothing does, and for the call this device is in. */
  ringing: Accessor<GroupRing | null>;
  /** The living call this page was in when it was reloaded: one is asked whether to come back. */
  interrupted: Accessor<GroupCall | null>;
  /** Asks no more. */
  forgetInterrupted(): void;
  phase: Accessor<GroupPhase>;
  /** The call this device is in or about to join, as the server last told it. */
  current: Accessor<GroupCall | null>;
  /** Everybody in the call with this device, in the order of joining. */
  participants: Accessor<readonly GroupTile[]>;
  /** Who speaks, loudest first. */
  speakers: Accessor<readonly ParticipantId[]>;
  self: Accessor<SelfMedia>;
  /** Listens to the microphone until it is closed. */
  openMeter(): Meter;
  /** To be played, each in a media element of its own, whatever is on the screen. */
  sounds: Accessor<readonly GroupSound[]>;

  /** Opens microphone and camera and shows oneself, without joining; the chat's call may be living or not. */
  prepare(chat: ChatId, type: CallType): void;
  /** From the room before the call into it: joins the chat's living call, or starts one, which rings. */
  enter(): void;
  /** Starts the chat's call, or joins the living one, at once. */
  start(chat: ChatId, type: CallType): void;
  /** Joins a living call at once, for instance from its ringing; from another device of this account it moves here. */
  join(call: CallId, options: { camera: boolean }): void;
  /** Ends the ringing on all devices of this account. */
  decline(): void;
  /** Hides here what rings, or tells of a call. */
  hush(): void;
  leave(): void;
  /** Closes the room before the call, or the word on how it ended. */
  dismiss(): void;

  setMuted(muted: boolean): void;
  setCamera(on: boolean): Promise<void>;
  /** Must be called from a click. A choice that was called off in the browser's own dialogue is no fault. */
  shareScreen(on: boolean): Promise<void>;
  /** The whole of what is on the screen, each time it changes; what is not named is not sent. */
  show(tiles: readonly ShownTile[]): void;
  /** Rings one more person, in this call or in the private call of this device, which grows. Rejects with `ApiError`. */
  invite(user: UserId): Promise<void>;
  /** For who started the call, and administrators. Rejects with `ApiError`. */
  moderate(action: ModerateAction, user?: UserId): Promise<void>;

  /** The device is on another network: a new path is looked for before the old one is missed. */
  networkChanged(): void;
  /** The living peer connection, for diagnosis. */
  connection(): RTCPeerConnection | null;
  /** Leaves at once, as the page is going away. */
  vanish(): void;
}

export type GroupStoreOptions = Omit<GroupControlOptions, "onPhase" | "onMedia" | "onScene" | "onCall"> & {
  me: UserId;
  /** Somebody can see this page; what nobody sees is not sent. */
  visible: Accessor<boolean>;
  createContext(): AudioContext;
};

export function createGroupStore(options: GroupStoreOptions): GroupStore {
  const { devices, visible } = options;
  const [phase, setPhase] = createSignal<GroupPhase>({ kind: "idle" });
  const [media, setMedia] = createSignal<GroupMedia>({ ...NOTHING_OPEN, screen: null });
  const [scene, setScene] = createSignal<GroupScene>(NO_SCENE);
  const [shown, setShown] = createSignal<readonly ShownTile[]>([]);
  const living = createLivingCalls(options);
  const control = createGroupControl({ ...options, onPhase: setPhase, onMedia: setMedia, onScene: setScene, onCall: living.take });
  onCleanup(control.close);
  createEffect(on([shown, visible], ([tiles, seen]) => control.show(seen ? tiles : []), { defer: true }));

  const interrupted = createInterrupted({ phase, calls: living.calls, storage: interruptedStorage });
  const participants = createMemo(() => scene().tiles);
  const canShare = devices.canShare();
  const current = createMemo(() => {
    const now = phase();
    if (now.kind === "idle") return null;
    return scene().call ?? living.calls().get(now.chat) ?? null;
  });
  const self = createMemo<SelfMedia>(() => ({
    ...media(),
    mutedBy: participants().find((tile) => tile.self)?.mutedBy ?? null,
    canShare,
  }));
  const ringing = createMemo(() => {
    const now = phase();
    const inCall = now.kind === "joining" || now.kind === "active" ? now.call : null;
    return living.rings().find((ring) => ring.call !== inCall) ?? null;
  });

  return {
    calls: living.calls,
    ringing,
    interrupted: interrupted.call,
    forgetInterrupted: interrupted.forget,
    phase,
    current,
    participants,
    speakers: createMemo(() => scene().speakers),
    self,
    openMeter: () => createMeter({ createContext: options.createContext, track: control.microphone }),
    sounds: createMemo(() => scene().sounds, [], { equals: sameSounds }),
    prepare: control.prepare,
    enter() {
      const now = phase();
      if (now.kind === "ready") control.enter(living.calls().get(now.chat)?.id ?? null);
    },
    start: control.start,
    join(id, { camera }) {
      const call = living.find(id);
      if (call) control.join(call, camera);
    },
    decline() {
      const ring = ringing();
      if (!ring) return;
      living.hush(ring.call);
      control.decline(ring.call);
    },
    hush() {
      const ring = ringing();
      if (ring) living.hush(ring.call);
    },
    leave: control.leave,
    dismiss: control.dismiss,
    setMuted: control.setMuted,
    setCamera: control.setCamera,
    shareScreen: control.shareScreen,
    show: setShown,
    invite: control.invite,
    moderate: control.moderate,
    networkChanged: control.networkChanged,
    connection: control.connection,
    vanish: control.vanish,
  };
}

/** A word on who speaks, or how well, changes nothing of what is played. */
function sameSounds(before: readonly GroupSound[], now: readonly GroupSound[]): boolean {
  if (before.length !== now.length) return false;
  return before.every((sound, index) => {
    const next = now[index];
    return sound.key === next?.key && sound.track === next.track && sound.username === next.username && sound.source === next.source;
  });
}
