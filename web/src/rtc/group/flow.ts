// Whether anything still arrives over a connection: a path that died without a word is noticed long before ICE gives it up.

export interface FlowOptions {
  connection: Pick<RTCPeerConnection, "getStats">;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  after(ms: number, task: () => void): () => void;
  /** False: what came steadily comes no more. True: something has come since. */
  onFlow(flows: boolean): void;
}

export const LOOK_MS = 700;
/** So many looks in a row must have found something new: where packets come rarely, a pause says nothing. */
export const STEADY_LOOKS = 6;
/** So many in a row without anything new are no pause any more. */
export const SILENT_LOOKS = 3;

/** Watches until it is told to stop. */
export function watchFlow({ connection, now, after, onFlow }: FlowOptions): () => void {
  let stopped = false;
  let cancel: () => void = () => {};
  let seen = 0;
  let looked = now();
  let steady = 0;
  let silent = 0;
  let flows = true;

  async function look(): Promise<void> {
    const arrived = arrivals(await connection.getStats());
    if (stopped) return;
    // A page that slept, or a new path that counts from nothing: what was before does not count.
    if (now() - looked > 3 * LOOK_MS || arrived < seen) steady = 0;
    const isNew = arrived > seen;
    looked = now();
    seen = arrived;
    if (isNew) {
      steady += 1;
      silent = 0;
      if (!flows) onFlow((flows = true));
    } else {
      silent = steady >= STEADY_LOOKS ? silent + 1 : 0;
      if (silent === 0) steady = 0;
      if (silent >= SILENT_LOOKS && flows) onFlow((flows = false));
    }
    wait();
  }

  function wait(): void {
    cancel = after(LOOK_MS, () => void look());
  }

  wait();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Grows whenever a datagram of the connection arrives; browsers count them in different places. */
function arrivals(report: RTCStatsReport): number {
  let sum = 0;
  report.forEach((stat: RTCStats & { bytesReceived?: number }) => {
    if (["transport", "candidate-pair", "inbound-rtp"].includes(stat.type)) sum += stat.bytesReceived ?? 0;
  });
  return sum;
}
