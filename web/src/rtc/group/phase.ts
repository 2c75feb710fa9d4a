// The life of a group call, as this device sees it.

import type { ParticipantId } from "../../api/group";
import type { CallId, CallType, ChatId } from "../../api/wire";
import type { MediaFault } from "../call";

/** `connecting` until the first sound; `restoring` while a new path or a new place in the call is looked for. */
export type GroupLink = "connecting" | "good" | "server_lost" | "media_lost" | "restoring";

/** `already`: this account is in a call on another device; `too_old`: the other side's client cannot do it. */
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
  /** Before the call: one looks at oneself and chooses devices. `fault`: why the microphone cannot be had, else it is open or being opened. */
  | { kind: "ready"; chat: ChatId; type: CallType; fault: MediaFault | null }
  /** `call` is null until the server has named it. */
  | { kind: "joining"; chat: ChatId; type: CallType; call: CallId | null }
  | {
      kind: "active";
      chat: ChatId;
      type: CallType;
      call: CallId;
      participantId: ParticipantId;
      /** Milliseconds of the monotonic clock at which this device joined first. */
      since: number;
      link: GroupLink;
    }
  | { kind: "over"; chat: ChatId; type: CallType; call: CallId | null; reason: GroupEnd; /** How long one was in it. */ seconds: number | null };
