// Shapes on the wire. REST shapes are generated from the server's OpenAPI document; those of Socket.IO follow docs/protocol.md.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type UserId = Schemas["UserId"];
export type ChatId = Schemas["ChatId"];
export type CallId = Schemas["CallId"];
export type Person = Schemas["Person"];
export type Account = Schemas["Me"];
export type User = Schemas["User"];
export type TokenPair = Schemas["TokensBody"];
export type Message = Schemas["Message"];
export type Participant = Schemas["Member"];
export type Chat = Schemas["Chat"];
export type Change = Schemas["Change"];
export type MessagePage = Schemas["History"];
export type ChangePage = Schemas["ChangesBody"];
export type ReadMark = Schemas["ReadMark"];
export type Presence = Schemas["PresenceBody"];
export type CallType = Schemas["CallKind"];
export type Call = Schemas["Call"];
export type CallEntry = Schemas["CallEntry"];
export type CallPerson = Schemas["CallPerson"];
export type CallLog = Schemas["CallLog"];
export type CallExplanation = Schemas["CallExplanation"];
export type Finding = Schemas["Finding"];
export type ExplainedStep = Schemas["ExplainedStep"];
export type CallStep = Schemas["Step"];
export type RelayWay = Schemas["Way"];
export type CallReport = Schemas["ClientReport"];
export type ReportedWay = Schemas["TriedWay"];
export type Invite = Schemas["Invite"];
export type InviteCheck = Schemas["CheckedBody"];

export type CallEndReason = "hangup" | "rejected" | "missed" | "cancelled" | "answered_elsewhere" | "lost" | "closed";

/** What a refused event with an acknowledgement gets, and what a served one gets. */
export type Ack<T> = { ok: T } | { error: { code: string; message: string } };

/** What the server emits on `/`. */
export interface ChatEvents {
  ready: (event: Ready) => void;
  change: (event: { chatId: ChatId; change: Change }) => void;
  chat_changed: (chat: Chat) => void;
  chat_removed: (event: { chatId: ChatId }) => void;
  user_changed: (user: User) => void;
  user_removed: (event: { id: UserId }) => void;
  userConnected: (id: UserId) => void;
  userDisconnected: (id: UserId) => void;
  session_ended: (event: { code: string }) => void;
}

export interface Ready {
  protocol: number;
  capabilities: readonly string[];
  userId: UserId;
  online: readonly UserId[];
  revs: Readonly<Record<ChatId, number>>;
}

export interface Description {
  sdp: string;
  type: RTCSdpType;
}

/** What the server emits on `/calls`. */
export interface CallEvents {
  incoming_call: (event: IncomingCall) => void;
  call_accepted: (event: { callId: CallId; receiverId: UserId }) => void;
  call_rejected: (event: { callId: CallId }) => void;
  call_ended: (event: { callId: CallId; reason?: CallEndReason; duration?: number | null }) => void;
  call_ringing: (event: { callId: CallId; devices: number }) => void;
  call_peer: (event: { callId: CallId; state: "lost" | "back" }) => void;
  sdp_offer: (event: { callId: CallId; sdp: Description | string; from: UserId }) => void;
  sdp_answer: (event: { callId: CallId; sdp: Description | string; from: UserId }) => void;
  ice_candidate: (event: { callId: CallId; candidate: RTCIceCandidateInit | string; from: UserId }) => void;
  session_ended: (event: { code: string }) => void;
}

export interface IncomingCall {
  callId: CallId;
  remoteUserId: UserId;
  callerName: string;
  callType: CallType;
  /** Milliseconds until it counts as missed. */
  expiresIn: number;
}

/** What this client emits on `/calls`, and what the acknowledgement carries. */
export interface CallRequests {
  accept_call: { send: { callId: CallId; callerId: UserId }; ok: { call: Call } };
  reject_call: { send: { callId: CallId; remoteUserId: UserId }; ok: { call: Call } };
  end_call: { send: { callId: CallId; remoteUserId: UserId }; ok: { call: Call } };
  join_call_room: { send: { callId: CallId }; ok: { call: Call; resendOffer: boolean } };
  sdp_offer: { send: { callId: CallId; sdp: Description; receiverId: UserId }; ok: unknown };
  sdp_answer: { send: { callId: CallId; sdp: Description; callerId: UserId }; ok: unknown };
  ice_candidate: { send: { callId: CallId; candidate: RTCIceCandidateInit; targetId: UserId }; ok: unknown };
}
