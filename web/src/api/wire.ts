// Shapes on the wire, under the names of the server's OpenAPI schemas and docs/protocol.md.

export type UserId = string;
export type ChatId = string;
export type CallId = string;
export type MessageId = string;

export interface Person {
  id: UserId;
  username: string;
}

export interface Account extends Person {
  isAdmin: boolean;
}

export interface User extends Account {
  createdAt: string;
  updatedAt: string;
}

export interface TokenPair {
  access_token: string;
  refresh_token: string;
  /** Seconds from receipt. */
  expires_in: number;
  user: Account;
}

export interface Message {
  id: MessageId;
  chatId: ChatId;
  senderId: UserId;
  sender: Person;
  content: string;
  kind: string;
  /** Place in the chat: the `rev` under which it was posted. */
  seq: number;
  /** `rev` of its last change. */
  rev: number;
  clientId: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Participant extends Person {
  readSeq: number;
}

export type ChatKind = "family" | "private" | "group";

export interface Chat {
  id: ChatId;
  name: string;
  kind: ChatKind;
  participants: readonly Participant[];
  lastMessage: Message | null;
  unreadCount: number;
  rev: number;
  /** The caller's own mark. */
  readSeq: number;
  createdAt: string;
  updatedAt: string;
}

export type Change =
  | { rev: number; type: "message"; message: Message }
  | { rev: number; type: "read"; userId: UserId; seq: number };

export interface MessagePage {
  messages: readonly Message[];
  more: boolean;
}

export interface ChangePage {
  rev: number;
  changes: readonly Change[];
  more: boolean;
}

export interface ReadMark {
  readSeq: number;
  unreadCount: number;
}

export interface Presence {
  userId: UserId;
  online: boolean;
  lastSeenAt: string | null;
  inCall: boolean;
}

export type CallType = "voice" | "video";
export type CallStatus = "initiating" | "ringing" | "answered" | "ended" | "missed" | "rejected";

export interface Call {
  id: CallId;
  callerId: UserId;
  receiverId: UserId;
  caller: Person;
  receiver: Person;
  status: CallStatus;
  type: CallType;
  startedAt: string | null;
  endedAt: string | null;
  /** Seconds. */
  duration: number | null;
  createdAt: string;
  updatedAt: string;
}

export interface InviteCheck {
  expiresAt: string | null;
}

export type CallEndReason = "hangup" | "rejected" | "missed" | "cancelled" | "answered_elsewhere" | "lost";

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
