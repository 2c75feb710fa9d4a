// Tells the server what is on the screen and how large: at once when something grows or appears, if that is not too often, else after a moment.

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

/** A window that is drawn larger grows with each frame; the server follows no faster than this. */
const PACE_MS = 200;
/** Shrinking and going are told when the screen has come to rest. */
const REST_MS = 300;

export function createView(options: { send(tiles: readonly ViewedTile[]): void; after(ms: number, task: () => void): () => void }): View {
  let shown: readonly ShownTile[] = [];
  let seats: readonly Seat[] = [];
  let told: ReadonlyMap<PublicationId, ViewedTile> | null = null;
  let cancelRest: (() => void) | null = null;
  let cancelPace: (() => void) | null = null;
  /** It has grown since it was told. */
  let isDue = false;

  function tiles(): readonly ViewedTile[] {
    return shown.flatMap(({ participantId, source, width, height }) => {
      const seat = seats.find((each) => each.participantId === participantId && each.source === source);
      return seat ? [{ publication: seat.publication, width: Math.round(width), height: Math.round(height) }] : [];
    });
  }

  function cancel(): void {
    cancelRest?.();
    cancelPace?.();
    cancelRest = cancelPace = null;
    isDue = false;
  }

  function tell(): void {
    cancel();
    cancelPace = options.after(PACE_MS, () => {
      cancelPace = null;
      if (isDue) tell();
    });
    const next = tiles();
    told = new Map(next.map((tile) => [tile.publication, tile]));
    options.send(next);
  }

  function review(): void {
    const next = tiles();
    const before = told;
    // Nothing was ever shown: the server's own assumption holds until something is.
    if (!before && next.length === 0) return;
    if (!before || next.some((tile) => grows(before.get(tile.publication), tile))) {
      isDue = true;
      if (!cancelPace) tell();
      return;
    }
    const same = before.size === next.length && next.every((tile) => equal(before.get(tile.publication), tile));
    if (!same) cancelRest ??= options.after(REST_MS, tell);
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
      const isHidden = told !== null && shown.length === 0;
      told = null;
      if (isHidden) tell();
      else review();
    },
    clear() {
      cancel();
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
