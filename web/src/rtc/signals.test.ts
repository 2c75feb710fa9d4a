import { describe, expect, it } from "vitest";
import { ApiError } from "../api/failure";
import type { Link } from "../api/socket";
import { createSignals } from "./signals";

/** A channel whose acknowledgements are given by hand. */
class Wire {
  link: Link = "up";
  sent: string[] = [];
  private readonly open: { resolve: (value: never) => void; reject: (error: ApiError) => void }[] = [];

  readonly channel = {
    link: () => this.link,
    request: (_name: string, payload: object) => {
      this.sent.push((payload as { candidate: { candidate: string } }).candidate.candidate);
      return new Promise<never>((resolve, reject) => this.open.push({ resolve, reject }));
    },
  };

  async acknowledge(): Promise<void> {
    for (const each of this.open.splice(0)) each.resolve({} as never);
    await settle();
  }

  async lose(): Promise<void> {
    this.link = "down";
    for (const each of this.open.splice(0)) each.reject(new ApiError("network", 0));
    await settle();
  }

  async refuse(): Promise<void> {
    for (const each of this.open.splice(0)) each.reject(new ApiError("call.ended", 400));
    await settle();
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
};
const candidate = (name: string) => ({ callId: "call", candidate: { candidate: name }, targetId: "anna" });

describe("the signals of a call", () => {
  it("go out in order, without waiting for each other", () => {
    const wire = new Wire();
    const signals = createSignals(wire.channel as never);
    for (const name of ["a", "b", "c"]) signals.send("ice_candidate", candidate(name));
    expect(wire.sent).toEqual(["a", "b", "c"]);
  });

  it("that were not acknowledged go out again, in order, once the call is joined again", async () => {
    const wire = new Wire();
    const signals = createSignals(wire.channel as never);
    signals.send("ice_candidate", candidate("a"));
    await wire.acknowledge();
    signals.send("ice_candidate", candidate("b"));
    signals.shut();
    await wire.lose();
    signals.send("ice_candidate", candidate("c"));
    expect(wire.sent).toEqual(["a", "b"]);
    wire.link = "up";
    signals.open();
    expect(wire.sent).toEqual(["a", "b", "b", "c"]);
  });

  it("that were refused do not go out again", async () => {
    const wire = new Wire();
    const signals = createSignals(wire.channel as never);
    signals.send("ice_candidate", candidate("a"));
    await wire.refuse();
    signals.open();
    expect(wire.sent).toEqual(["a"]);
  });

  it("of an ended call do not reach the next", async () => {
    const wire = new Wire();
    const signals = createSignals(wire.channel as never);
    signals.shut();
    signals.send("ice_candidate", candidate("old"));
    signals.clear();
    signals.send("ice_candidate", candidate("new"));
    expect(wire.sent).toEqual(["new"]);
  });
});
