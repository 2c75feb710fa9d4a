import { describe, expect, it } from "vitest";
import type { TileKey } from "./layout";
import { HOLD_MS, largeOf, remember, waitFor, type Wishes } from "./spotlight";

const anna: TileKey = "person:anna";
const dima: TileKey = "person:dima";
const screen: TileKey = "screen:dima";
const wishes: Wishes = { view: "large", pinned: null, screens: [], speaker: null, others: [anna, dima] };

describe("the large picture", () => {
  it("is nobody in the grid, whoever speaks or shares", () => {
    expect(largeOf({ ...wishes, view: "grid", speaker: anna, screens: [screen], pinned: dima })).toBeNull();
  });

  it("is who speaks, else the first of the others", () => {
    expect(largeOf({ ...wishes, speaker: dima })).toBe(dima);
    expect(largeOf(wishes)).toBe(anna);
    expect(largeOf({ ...wishes, others: [] })).toBeNull();
  });

  it("is a screen before who speaks, and the chosen one before both", () => {
    expect(largeOf({ ...wishes, speaker: anna, screens: [screen] })).toBe(screen);
    expect(largeOf({ ...wishes, speaker: anna, screens: [screen], pinned: dima })).toBe(dima);
  });

  it("is no longer who has left", () => {
    expect(largeOf({ ...wishes, pinned: "person:gone", speaker: "person:gone" })).toBe(anna);
    expect(largeOf({ ...wishes, pinned: "screen:gone" })).toBe(anna);
  });

  it("stays for a moment when another begins to speak", () => {
    expect(waitFor(null, 0, 100)).toBe(0);
    expect(waitFor(anna, 1_000, 1_500)).toBe(HOLD_MS - 500);
    expect(waitFor(anna, 1_000, 1_000 + HOLD_MS)).toBe(0);
  });
});

describe("who spoke", () => {
  it("is kept with the last first", () => {
    expect(remember([], [anna])).toEqual([anna]);
    expect(remember([anna], [dima])).toEqual([dima, anna]);
    expect(remember([dima, anna], [anna, dima])).toEqual([anna, dima]);
  });

  it("does not change while the same go on", () => {
    const spoke = [anna, dima];
    expect(remember(spoke, [anna])).toBe(spoke);
    expect(remember(spoke, [])).toBe(spoke);
  });
});
