import { describe, expect, it } from "vitest";
import { LOOK_MS, SILENT_LOOKS, STEADY_LOOKS, watchFlow } from "./flow";

/** Looks as they fall due; `bytes` is what has arrived so far. */
function watched() {
  const told: boolean[] = [];
  let time = 0;
  let bytes = 0;
  let due: (() => void) | null = null;
  const getStats = (): Promise<RTCStatsReport> => Promise.resolve(new Map([["T", { type: "transport", bytesReceived: bytes }]]) as never);
  const stop = watchFlow({
    connection: { getStats },
    now: () => time,
    after: (_ms, task) => {
      due = task;
      return () => (due = null);
    },
    onFlow: (flows) => told.push(flows),
  });
  async function look(arriving: number, ms = LOOK_MS): Promise<void> {
    bytes += arriving;
    time += ms;
    const task = due;
    due = null;
    task?.();
    await new Promise((done) => setTimeout(done, 0));
  }
  async function looks(count: number, arriving: number): Promise<void> {
    for (let at = 0; at < count; at++) await look(arriving);
  }
  return { told, look, looks, stop, reset: () => (bytes = 0), isDue: () => due !== null };
}

describe("a path that dies without a word", () => {
  it("is noticed when what came steadily comes no more, once", async () => {
    const { told, looks } = watched();
    await looks(STEADY_LOOKS, 100);
    await looks(SILENT_LOOKS - 1, 0);
    expect(told).toEqual([]);
    await looks(4, 0);
    expect(told).toEqual([false]);
  });

  it("is told to be alive when something comes again", async () => {
    const { told, looks } = watched();
    await looks(STEADY_LOOKS, 100);
    await looks(SILENT_LOOKS, 0);
    await looks(1, 100);
    expect(told).toEqual([false, true]);
  });
});

describe("no silence is seen", () => {
  it("where packets come rarely anyway", async () => {
    const { told, look, looks } = watched();
    for (let at = 0; at < 10; at++) {
      await look(100);
      await looks(4, 0);
    }
    expect(told).toEqual([]);
  });

  it("in the sleep of the page", async () => {
    const { told, look, looks } = watched();
    await looks(STEADY_LOOKS, 100);
    await look(0, 60_000);
    await looks(3, 0);
    expect(told).toEqual([]);
  });

  it("when a new path counts from nothing", async () => {
    const { told, looks, reset } = watched();
    await looks(STEADY_LOOKS, 100);
    reset();
    await looks(4, 0);
    expect(told).toEqual([]);
  });
});

it("no look follows once it was stopped", async () => {
  const { looks, stop, isDue } = watched();
  await looks(1, 100);
  stop();
  expect(isDue()).toBe(false);
});
