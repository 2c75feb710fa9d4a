// Tells the server what is on the screen and how large: at once when something grows or appears, else after a moment.

import type { PublicationId, Seat, ViewedTile } from "../../api/group";
import type { ShownTile } from "./tiles";

export interface View {
  show(tiles: readonly ShownTile[]): void;
  seat(seats: readonly Seat[]): void;
  /** The server knows nothing of what was shown before. */
  renew(): void;
  /** Nothing is on the screen any more, and nobody is to be told. */
  clear(): void;
}

/** Shrinking and going are told when the screen has come to rest. */
const REST_MS = 300;

export function createView(options: { send(tiles: readonly ViewedTile[]): void; after(ms: number, task: () => void): () => void }): View {
  let shown: readonly ShownTile[] = [];
  let seats: readonly Seat[] = [];
  let told: ReadonlyMap<PublicationId, ViewedTile> | null = null;
  let cancel: (() => void) | null = null;

  function tiles(): readonly ViewedTile[] {
    return shown.flatMap(({ participantId, source, width, height }) => {
      const seat = seats.find((each) => each.participantId === participantId && each.source === source);
      return seat ? [{ publication: seat.publication, width: Math.round(width), height: Math.round(height) }] : [];
    });
  }

  function tell(): void {
    cancel?.();
    cancel = null;
    const next = tiles();
    told = new Map(next.map((tile) => [tile.publication, tile]));
    options.send(next);
  }

  function review(): void {
    const next = tiles();
    const before = told;
    // Nothing was ever shown: the server's own assumption holds until something is.
    if (!before && next.length === 0) return;
    if (!before || next.some((tile) => grows(before.get(tile.publication), tile))) return tell();
    const same = before.size === next.length && next.every((tile) => equal(before.get(tile.publication), tile));
    if (!same) cancel ??= options.after(REST_MS, tell);
  }

  return {
    show(tiles) {
      shown = tiles;
      review();
    },
    seat(next) {
      seats = next;
      review();
    },
    renew() {
      told = null;
      review();
    },
    clear() {
      cancel?.();
      cancel = null;
      shown = [];
      seats = [];
      told = null;
    },
  };
}

function grows(before: ViewedTile | undefined, now: ViewedTile): boolean {
  return !before || now.width > before.width || now.height > before.height;
}

function equal(before: ViewedTile | undefined, now: ViewedTile): boolean {
  return before?.width === now.width && before.height === now.height;
}
