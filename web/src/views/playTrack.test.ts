import { afterEach, describe, expect, it, vi } from "vitest";
import { playTrack } from "./playTrack";

/** Counts what a browser would begin anew. */
class FakeElement {
  sources = 0;
  private source: unknown = null;

  get srcObject(): unknown {
    return this.source;
  }

  set srcObject(next: unknown) {
    this.source = next;
    this.sources += 1;
  }

  as(): HTMLMediaElement {
    return this as never;
  }
}

describe("a media element", () => {
  vi.stubGlobal(
    "MediaStream",
    class {
      constructor(private readonly tracks: MediaStreamTrack[]) {}
      getTracks(): MediaStreamTrack[] {
        return this.tracks;
      }
    },
  );
  afterEach(() => vi.unstubAllGlobals());

  it("goes on with the track it plays, and takes another one or none", () => {
    const element = new FakeElement();
    const track = { kind: "audio" } as MediaStreamTrack;
    expect([playTrack(element.as(), track), playTrack(element.as(), track)]).toEqual([true, false]);
    expect(element.sources).toBe(1);
    expect(playTrack(element.as(), { kind: "audio" } as MediaStreamTrack)).toBe(true);
    expect([playTrack(element.as(), null), playTrack(element.as(), null)]).toEqual([true, false]);
    expect(element.sources).toBe(3);
  });
});
