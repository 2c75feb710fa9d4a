// Offers, answers and candidates on their way to the server: in order, repeated after a lost connection, never before the call is joined again.

import { ApiError } from "../api/failure";
import type { CallChannel } from "../api/socket";
import type { CallRequests } from "../api/wire";

type SignalName = "sdp_offer" | "sdp_answer" | "ice_candidate";

export interface Signals {
  send<Name extends SignalName>(name: Name, payload: CallRequests[Name]["send"]): void;
  /** The connection is there and this socket is the call's leg. */
  open(): void;
  shut(): void;
  /** Forgets the call; the next one has nothing to join. */
  clear(): void;
}

interface Waiting {
  name: SignalName;
  payload: CallRequests[SignalName]["send"];
  sent: boolean;
}

export function createSignals(channel: Pick<CallChannel, "request" | "link">): Signals {
  let queue: Waiting[] = [];
  let isOpen = true;

  function pump(): void {
    if (!isOpen || channel.link() !== "up") return;
    for (const item of queue) {
      if (item.sent) continue;
      item.sent = true;
      channel.request(item.name, item.payload as never).then(
        () => drop(item),
        (error: unknown) => {
          if (!(error instanceof ApiError)) throw error;
          // A refusal is final: the call has ended, or another device is its leg. The call hears of it by its own event.
          if (error.status !== 0) return drop(item);
          item.sent = false;
          pump();
        },
      );
    }
  }

  function drop(item: Waiting): void {
    queue = queue.filter((each) => each !== item);
  }

  return {
    send(name, payload) {
      queue.push({ name, payload, sent: false });
      pump();
    },
    open() {
      isOpen = true;
      pump();
    },
    shut() {
      isOpen = false;
    },
    clear() {
      queue = [];
      isOpen = true;
    },
  };
}
