// What the stage of a group call shows: the grid with its pages, or one large picture and the others.

import { createEffect, createMemo, createSignal, on, onCleanup, untrack, type Accessor } from "solid-js";
import type { UserId } from "../../api/wire";
import type { GroupTile } from "../../stores/group";
import { pagesOf, settle, speakersFirst, type TileKey } from "./layout";
import { largeOf, remember, waitFor } from "./spotlight";

export interface StageView {
  /** Null in the grid. */
  large: Accessor<TileKey | null>;
  /** True if the large picture was chosen by hand. */
  isPinned: Accessor<boolean>;
  pages: Accessor<number>;
  page: Accessor<number>;
  /** What stands on the page, or beside the large picture. */
  keys: Accessor<readonly TileKey[]>;
  /** Who speaks without being on the page. */
  speaksElsewhere: Accessor<GroupTile | null>;
  tile(key: TileKey): GroupTile | undefined;
  turnTo(page: number): void;
  /** Turns to the page on which `key` stands. */
  turnToKey(key: TileKey): void;
  /** Grid or large. */
  toggle(): void;
  /** Shows one large, or everyone again if it is. */
  pick(key: TileKey): void;
}

export const personKey = (user: UserId): TileKey => `person:${user}`;
export const screenKey = (user: UserId): TileKey => `screen:${user}`;
export const userOf = (key: TileKey): UserId => key.slice(key.indexOf(":") + 1);
export const isScreen = (key: TileKey): boolean => key.startsWith("screen:");

export function createStageView(participants: Accessor<readonly GroupTile[]>): StageView {
  const [view, setView] = createSignal<"grid" | "large">("grid");
  const [pinned, setPinned] = createSignal<TileKey | null>(null);
  const [page, setPage] = createSignal(0);
  const [spoke, setSpoke] = createSignal<readonly TileKey[]>([]);
  const byUser = createMemo(() => new Map(participants().map((tile) => [tile.userId, tile])));

  const people = createMemo(() => participants().map((tile) => personKey(tile.userId)), [], { equals: sameKeys });
  const self = createMemo(() => participants().find((tile) => tile.self)?.userId ?? null);
  const others = createMemo(() => people().filter((key) => key !== ownKey(self())), [], { equals: sameKeys });
  /** Newest first; one's own would show itself in itself. */
  const screens = createMemo<TileKey[]>(
    (known) => {
      const now = participants()
        .filter((tile) => tile.screen && !tile.self)
        .map((tile) => screenKey(tile.userId));
      return [...now.filter((key) => !known.includes(key)), ...known.filter((key) => now.includes(key))];
    },
    [],
    { equals: sameKeys },
  );
  const speaking = createMemo(
    () =>
      participants()
        .filter((tile) => tile.speaking && !tile.self)
        .map((tile) => personKey(tile.userId)),
    [],
    { equals: sameKeys },
  );
  createEffect(on(speaking, (now) => setSpoke((before) => remember(before, now))));

  const speaker = createHeld(() => speaking()[0] ?? null);
  const large = createMemo(() => largeOf({ view: view(), pinned: pinned(), screens: screens(), speaker: speaker(), others: others() }));

  const [places, setPlaces] = createSignal<readonly TileKey[]>([]);
  createEffect(on(others, (present) => setPlaces((before) => settle(before, present))));

  const ownKeys = createMemo(() => people().filter((key) => key === ownKey(self())), [], { equals: sameKeys });
  /** Screens first, oneself last. */
  const paged = createMemo(() => pagesOf([...screens(), ...places(), ...ownKeys()]));
  const current = createMemo(() => Math.min(page(), paged().length - 1));
  /** Beside the large one: whoever becomes large changes places with who was. */
  const beside = createMemo<readonly TileKey[]>((known) => {
    const key = large();
    return settle(
      known,
      [...screens(), ...places()].filter((each) => each !== key),
    );
  }, []);
  const keys = createMemo<readonly TileKey[]>(() => (large() === null ? (paged()[current()] ?? []) : [...beside(), ...ownKeys()]), [], {
    equals: sameKeys,
  });

  // A screen that begins is what everyone should look at; when it ends, all is as it was.
  let before: "grid" | "large" = "grid";
  createEffect(
    on(
      () => screens()[0] ?? null,
      (newest, last) => {
        // Another one is the newest also when the newest has ended.
        const began = newest !== null && newest !== last && (!last || untrack(screens).includes(last));
        if (began) {
          if (!last) before = untrack(view);
          setPinned(null);
          setView("large");
        }
        if (newest === null && last) setView(before);
      },
    ),
  );

  function turnTo(next: number): void {
    const from = current();
    setPage(Math.max(0, Math.min(next, paged().length - 1)));
    if (from !== 0 && current() === 0) setPlaces((now) => speakersFirst(now, spoke()));
  }

  return {
    large,
    isPinned: createMemo(() => pinned() !== null && pinned() === large()),
    pages: createMemo(() => (large() === null ? paged().length : 1)),
    page: current,
    keys,
    speaksElsewhere: createMemo(() => {
      const key = speaking()[0];
      if (!key || large() !== null || keys().includes(key)) return null;
      return byUser().get(userOf(key)) ?? null;
    }),
    tile: (key) => byUser().get(userOf(key)),
    turnTo,
    turnToKey(key) {
      const found = paged().findIndex((each) => each.includes(key));
      if (found !== -1) turnTo(found);
    },
    toggle() {
      setPinned(null);
      setView((now) => (now === "grid" ? "large" : "grid"));
    },
    pick(key) {
      const again = large() === key;
      setPinned(again ? null : key);
      setView(again ? "grid" : "large");
    },
  };
}

const ownKey = (self: UserId | null): TileKey | null => (self === null ? null : personKey(self));

const sameKeys = (a: readonly TileKey[], b: readonly TileKey[]): boolean => a.length === b.length && a.every((key, index) => key === b[index]);

/** Follows `wanted` no faster than an eye likes; silence leaves the last one. */
function createHeld(wanted: Accessor<TileKey | null>): Accessor<TileKey | null> {
  const [held, setHeld] = createSignal<TileKey | null>(null);
  let since = 0;
  createEffect(() => {
    const next = wanted();
    if (next === null || next === untrack(held)) return;
    const take = (): void => {
      since = performance.now();
      setHeld(next);
    };
    const timer = window.setTimeout(take, waitFor(untrack(held), since, performance.now()));
    onCleanup(() => window.clearTimeout(timer));
  });
  return held;
}
