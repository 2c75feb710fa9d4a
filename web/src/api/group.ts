// Shapes of group calls on the wire, as docs/protocol.md describes them.

import type { CallId, CallType, ChatId, Description, Person, UserId } from "./wire";

/** One joined device; a new one for each joining. */
export type ParticipantId = string;
/** A track that goes up, unique in its call. */
export type PublicationId = number;
/** What is published. */
export type MediaSource = "microphone" | "camera" | "screen" | "screen_audio";

/** A call of a chat that is going on, as everybody in the chat sees it. */
export interface GroupCall {
  id: CallId;
  chatId: ChatId;
  type: CallType;
  startedBy: UserId;
  startedAt: string;
  /** Nobody new can join. */
  locked: boolean;
  /** Grows with each change. */
  version: number;
  /** For whom it still rings. */
  ringing: readonly UserId[];
  participants: readonly GroupParticipant[];
}

export interface GroupParticipant {
  participantId: ParticipantId;
  userId: UserId;
  username: string;
  joinedAt: string;
  state: "connecting" | "connected" | "lost";
  muted: boolean;
  /** The moderator who did it, until the participant speaks again. */
  mutedBy: UserId | null;
  camera: boolean;
  screen: boolean;
}

export type Quality = "good" | "fair" | "poor";
/** `value`: per cent of loss, or milliseconds of delay there and back; 0 for `bandwidth`. */
export interface QualityWhy {
  kind: "loss_up" | "loss_down" | "delay" | "bandwidth";
  value: number;
}

/** Which place of the connection carries whom: the whole map each time. */
export interface Seat {
  mid: string;
  publication: PublicationId;
  /** The publisher. */
  participantId: ParticipantId;
  source: MediaSource;
}

export type PauseWhy = "bandwidth" | "hidden" | "publisher" | "codec";
export type ModerateAction = "mute" | "remove" | "lock" | "unlock";
export type GroupEndReason = "empty" | "missed" | "cancelled" | "lost" | "closed";

/** A place in our offer and what goes up in it. */
export interface OfferedTrack {
  mid: string;
  source: MediaSource;
}

export interface PublishedTrack {
  mid: string;
  publication: PublicationId;
}

/** A picture on the screen: its size in pixels of the device. */
export interface ViewedTile {
  publication: PublicationId;
  width: number;
  height: number;
}

/** What the server emits of group calls on `/calls`. */
export interface GroupEvents {
  group_incoming: (event: { call: GroupCall; from: Person; chatName: string; /** Milliseconds. */ expiresIn: number }) => void;
  /** In the place of ringing, for who is in another call. */
  group_notice: (event: { call: GroupCall; from: Person; chatName: string }) => void;
  group_call: (event: { call: GroupCall }) => void;
  group_ended: (event: { callId: CallId; chatId: ChatId; reason: GroupEndReason; duration: number | null }) => void;
  group_stop_ringing: (event: { callId: CallId; why: "joined_elsewhere" | "declined" | "missed" | "over" }) => void;
  group_grown: (event: { call: GroupCall }) => void;
  group_server_offer: (event: { callId: CallId; participantId: ParticipantId; number: number; sdp: Description }) => void;
  group_seats: (event: { callId: CallId; participantId: ParticipantId; seats: readonly Seat[] }) => void;
  /** Loudest first. */
  group_speakers: (event: { callId: CallId; speakers: readonly ParticipantId[] }) => void;
  group_quality: (event: {
    callId: CallId;
    participants: readonly { participantId: ParticipantId; quality: Quality; why: QualityWhy | null }[];
  }) => void;
  group_video: (event: VideoEvent) => void;
  group_layers: (event: {
    callId: CallId;
    participantId: ParticipantId;
    publication: PublicationId;
    /** Smallest first. */
    wanted: readonly boolean[];
  }) => void;
  group_moved: (event: { callId: CallId }) => void;
  group_removed: (event: { callId: CallId }) => void;
}

export interface VideoEvent {
  callId: CallId;
  participantId: ParticipantId;
  publication: PublicationId;
  state: "playing" | "paused";
  layer?: number;
  why?: PauseWhy;
}

/** What names this device's part in a call. */
interface InCall {
  callId: CallId;
  participantId: ParticipantId;
}

/** What this client emits of group calls, and what the acknowledgement carries. */
export interface GroupRequests {
  group_start: { send: { chatId: ChatId; type: CallType }; ok: { call: GroupCall; started: boolean } };
  group_join: {
    send: { callId: CallId; sdp: Description; tracks: readonly OfferedTrack[]; muted: boolean; camera: boolean };
    ok: { participantId: ParticipantId; sdp: Description; publications: readonly PublishedTrack[]; call: GroupCall };
  };
  group_offer: {
    send: InCall & { sdp: Description; tracks: readonly OfferedTrack[] };
    ok: { sdp: Description; publications: readonly PublishedTrack[] };
  };
  group_answer: { send: InCall & { number: number; sdp: Description }; ok: unknown };
  group_resume: { send: InCall; ok: { resumed: boolean; call: GroupCall } };
  group_state: { send: InCall & { muted: boolean; camera: boolean; screen: boolean }; ok: unknown };
  group_view: { send: InCall & { tiles: readonly ViewedTile[] }; ok: unknown };
  group_leave: { send: InCall; ok: unknown };
  group_decline: { send: { callId: CallId }; ok: unknown };
  group_invite: { send: { callId: CallId; userId: UserId }; ok: { call: GroupCall } };
  group_moderate: { send: { callId: CallId; action: ModerateAction; userId?: UserId }; ok: { call: GroupCall } };
}
