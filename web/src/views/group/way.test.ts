import { describe, expect, it } from "vitest";
import type { GroupEnd } from "../../stores/group";
import { wayOf, type Over } from "./way";

const over = (reason: GroupEnd, call: string | null): Over => ({ kind: "over", chat: "chat", type: "voice", call, reason, seconds: null });

describe("after a group call", () => {
  it("one can try again what failed, but not by calling everybody because the call one was to join has ended", () => {
    for (const reason of ["denied", "missing", "in_use", "failed", "no_path"] as const) {
      expect(wayOf(over(reason, "call"), true)).toBe("again");
      expect(wayOf(over(reason, "call"), false)).toBeNull();
      expect(wayOf(over(reason, null), false)).toBe("again");
    }
  });

  it("one can come back while it goes on", () => {
    expect(wayOf(over("left", "call"), true)).toBe("back");
    expect(wayOf(over("moved", "call"), true)).toBe("here");
    expect(wayOf(over("left", "call"), false)).toBeNull();
  });
});
