// The call of this device as signals, and the calls of the past.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { Api } from "../api/client";
import { asApiError } from "../api/failure";
import type { Call, CallType, Person } from "../api/wire";
import type { CallPhase } from "../rtc/call";
import { createCallControl, type CallControlOptions, type CallMedia } from "../rtc/control";
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
  /** Ends the call, as the page is going away. */
  leave(): void;
}

export function createCallStore(options: Omit<CallControlOptions, "onPhase" | "onMedia">): CallStore {
  const [phase, setPhase] = createSignal<CallPhase>({ kind: "idle" });
  const [media, setMedia] = createSignal<CallMedia>({
    muted: false,
    camera: null,
    cameraFault: false,
    microphoneLost: false,
    remote: { audio: null, video: null },
  });
  const { close, ...control } = createCallControl({ ...options, onPhase: setPhase, onMedia: setMedia });
  onCleanup(close);
  return { phase, media, ...control };
}

export interface HistoryStore {
  state: Accessor<Loading>;
  calls: Accessor<readonly Call[]>;
  more: Accessor<boolean>;
  reload(): void;
  loadMore(): void;
}

const PAGE = 50;

export function createHistoryStore(api: Pick<Api, "callHistory">): HistoryStore {
  const [state, setState] = createSignal<Loading>("loading");
  const [calls, setCalls] = createSignal<readonly Call[]>([]);
  const [more, setMore] = createSignal(false);

  async function load(offset: number): Promise<void> {
    try {
      const page = await api.callHistory(PAGE, offset);
      setCalls((known) => (offset === 0 ? page : [...known, ...page.filter((call) => !known.some((each) => each.id === call.id))]));
      setMore(page.length === PAGE);
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
    reload: () => void load(0),
    loadMore: () => void load(calls().length),
  };
}
