// Whom the stage shows large. Pure.

import type { TileKey } from "./layout";

/** A large picture stays at least this long, so that two who talk at once do not make it flicker. */
export const HOLD_MS = 2_000;

/** Who is large: the chosen one, else the newest screen, else who speaks, else the first of the others. Null: the grid. */
export interface Wishes {
  /** `grid`: everyone of the same size. */
  view: "grid" | "large";
  pinned: TileKey | null;
  /** Newest first, without one's own. */
  screens: readonly TileKey[];
  speaker: TileKey | null;
  /** Without oneself. */
  others: readonly TileKey[];
}

export function largeOf({ view, pinned, screens, speaker, others }: Wishes): TileKey | null {
  if (view === "grid") return null;
  const known = (key: TileKey | null): key is TileKey => key !== null && (screens.includes(key) || others.includes(key));
  if (known(pinned)) return pinned;
  return screens[0] ?? (known(speaker) ? speaker : (others[0] ?? null));
}

/** Milliseconds until `speaker` may take the place of the large one; 0 is at once. */
export function waitFor(current: TileKey | null, since: number, now: number): number {
  return current === null ? 0 : Math.max(0, since + HOLD_MS - now);
}

/** Who spoke, the last first. `speaking`: loudest first. */
export function remember(spoke: readonly TileKey[], speaking: readonly TileKey[]): readonly TileKey[] {
  if (speaking.every((key, index) => spoke[index] === key)) return spoke;
  return [...speaking, ...spoke.filter((key) => !speaking.includes(key))];
}
