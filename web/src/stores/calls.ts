// The call of this device as signals, and the calls of the past.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { Api } from "../api/client";
import { asApiError } from "../api/failure";
import type { CallEntry, CallExplanation, CallId, CallType, Person } from "../api/wire";
import type { CallPhase } from "../rtc/call";
import { createCallControl, NO_MEDIA, type CallControlOptions, type CallMedia } from "../rtc/control";
import type { Handover } from "../rtc/local";
import type { Loading } from "./chats";

export interface CallStore {
  phase: Accessor<CallPhase>;
  media: Accessor<CallMedia>;
  dial(peer: Person, type: CallType): void;
  answer(camera: boolean): void;
  decline(): void;
  hangUp(): void;
  dismiss(): void;
  setMuted(muted: boolean): void;
  setCamera(on: boolean): Promise<void>;
  connection(): RTCPeerConnection | null;
  /** Gives the open devices to the group call that this one grows into. */
  handOver(): Handover | null;
  /** Lets the call go without ending it. */
  drop(): void;
  /** Ends the call, as the page is going away. */
  leave(): void;
}

export function createCallStore(options: Omit<CallControlOptions, "onPhase" | "onMedia">): CallStore {
  const [phase, setPhase] = createSignal<CallPhase>({ kind: "idle" });
  const [media, setMedia] = createSignal<CallMedia>(NO_MEDIA);
  const { close, ...control } = createCallControl({ ...options, onPhase: setPhase, onMedia: setMedia });
  onCleanup(close);
  return { phase, media, ...control };
}

export interface HistoryStore {
  state: Accessor<Loading>;
  /** Of both forms, newest first. */
  calls: Accessor<readonly CallEntry[]>;
  more: Accessor<boolean>;
  reload(): void;
  loadMore(): void;
  /** Rejects with `ApiError`. */
  explain(call: CallId): Promise<CallExplanation>;
}

const PAGE = 50;

export function createHistoryStore(api: Pick<Api, "callLog" | "explainCall">): HistoryStore {
  const [state, setState] = createSignal<Loading>("loading");
  const [calls, setCalls] = createSignal<readonly CallEntry[]>([]);
  const [more, setMore] = createSignal(false);

  async function load(before: CallId | null): Promise<void> {
    try {
      const page = await api.callLog(PAGE, before);
      setCalls((known) => (before === null ? page.calls : [...known, ...page.calls.filter((call) => !known.some((each) => each.id === call.id))]));
      setMore(page.more);
      setState("ready");
    } catch (error) {
      asApiError(error);
      if (calls().length === 0) setState("failed");
    }
  }

  return {
    state,
    calls,
    more,
    reload: () => void load(null),
    loadMore: () => void load(calls().at(-1)?.id ?? null),
    explain: api.explainCall,
  };
}
