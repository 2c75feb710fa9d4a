// Group calls as signals: which go on, what rings, the one this device is in.

import type { Accessor } from "solid-js";
import type { GroupCall, ModerateAction, ParticipantId } from "../api/group";
import type { CallId, CallType, ChatId, Person, UserId } from "../api/wire";
import type { GroupPhase } from "../rtc/group/phase";
import type { GroupSound, GroupTile, ShownTile } from "../rtc/group/tiles";

export type { GroupEnd, GroupLink, GroupPhase } from "../rtc/group/phase";
export type { GroupPicture, GroupSound, GroupTile, ShownTile } from "../rtc/group/tiles";

/** A call that rings here, or one that began while this account is in another (`busy`: shown, not heard). */
export interface GroupRing {
  call: CallId;
  chat: ChatId;
  chatName: string;
  type: CallType;
  from: Person;
  busy: boolean;
}

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
  phase: Accessor<GroupPhase>;
  /** The call this device is in or about to join, as the server last told it. */
  current: Accessor<GroupCall | null>;
  /** Everybody in the call with this device, in the order of joining. */
  participants: Accessor<readonly GroupTile[]>;
  /** Who speaks, loudest first. */
  speakers: Accessor<readonly ParticipantId[]>;
  self: Accessor<SelfMedia>;
  /** How loud the microphone is, 0 to 1, at the moment of asking: for a meter that is drawn with each frame. */
  level(): number;
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
  /** Ends the ringing on all devices of this account; of a notice, hides it here. */
  decline(): void;
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

  /** The living peer connection, for diagnosis. */
  connection(): RTCPeerConnection | null;
  /** Leaves at once, as the page is going away. */
  vanish(): void;
}
