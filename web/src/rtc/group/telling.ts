// What the server is told of this participant: its switches, and what is on its screen.

import { ApiError } from "../../api/failure";
import type { GroupRequests, Seat } from "../../api/group";
import type { CallChannel } from "../../api/socket";
import { refusedBy } from "./refusal";
import type { ShownTile } from "./tiles";
import { createView } from "./view";

type Told = "group_state" | "group_view";
type InCall = Pick<GroupRequests[Told]["send"], "callId" | "participantId">;

export interface TellingOptions {
  channel: Pick<CallChannel, "request">;
  /** Who this device is in the call; null while the server knows of none. */
  part(): InCall | null;
  state(): Omit<GroupRequests["group_state"]["send"], keyof InCall>;
  after(ms: number, task: () => void): () => void;
}

export interface Telling {
  /** A switch may be another. */
  state(): void;
  show(tiles: readonly ShownTile[]): void;
  seat(seats: readonly Seat[]): void;
  /** The server may know nothing of what it was told. */
  again(): void;
  clear(): void;
}

/** What the server had no time for is told again after this. */
const AGAIN_MS = 1_000;

export function createTelling({ channel, part, state, after }: TellingOptions): Telling {
  /** The last `group_state`. */
  let told = "";
  let cancel: (() => void) | null = null;
  const view = createView({ after, send: (tiles) => void tell("group_view", { tiles }) });

  async function tell(name: Told, payload: object): Promise<void> {
    const who = part();
    if (!who) return;
    try {
      await channel.request(name, { ...who, ...payload } as never);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What is lost with the connection is told again after it.
      if (error.status !== 0 && refusedBy(error) === "network") cancel ??= after(AGAIN_MS, again);
    }
  }

  function tellState(): void {
    const text = JSON.stringify(state());
    if (text === told || !part()) return;
    told = text;
    void tell("group_state", state());
  }

  function again(): void {
    cancel?.();
    cancel = null;
    told = "";
    tellState();
    view.renew();
  }

  return {
    state: tellState,
    show: view.show,
    seat: view.seat,
    again,
    clear() {
      cancel?.();
      cancel = null;
      view.clear();
    },
  };
}
