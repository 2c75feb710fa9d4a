// Where each picture of a group call stands. Pure: how many columns, which page, who keeps whose place.

/** What the stage can show: a person, or a screen that a person shows. */
export type TileKey = `person:${string}` | `screen:${string}`;

/** How the window is shaped: upright and narrow, a phone on its side, or wide. */
export type Form = "phone" | "side" | "desktop";

/** Pictures on one page. */
export const PAGE = 9;

const COLUMNS: Record<Form, readonly number[]> = {
  phone: [1, 1, 2, 2, 2, 2, 3, 3, 3],
  side: [1, 2, 3, 2, 3, 3, 4, 4, 5],
  desktop: [1, 2, 2, 2, 3, 3, 3, 3, 3],
};

export function columnsOf(count: number, form: Form): number {
  return COLUMNS[form][Math.min(Math.max(count, 1), PAGE) - 1] ?? 1;
}

export interface Grid {
  columns: number;
  rows: number;
  /** For each tile the half column it begins at, from 1: a last row that is not full stands in the middle. */
  starts: readonly number[];
}

export function gridOf(count: number, form: Form): Grid {
  const columns = columnsOf(count, form);
  const rows = Math.max(1, Math.ceil(count / columns));
  const missing = rows * columns - count;
  const starts = Array.from({ length: count }, (_, index) => {
    const inLastRow = index >= (rows - 1) * columns;
    return (index % columns) * 2 + 1 + (inLastRow ? missing : 0);
  });
  return { columns, rows, starts };
}

export function pagesOf<Key>(keys: readonly Key[]): readonly (readonly Key[])[] {
  const count = Math.max(1, Math.ceil(keys.length / PAGE));
  return Array.from({ length: count }, (_, page) => keys.slice(page * PAGE, (page + 1) * PAGE));
}

/** Everyone who stays keeps the place; the place of one who left goes to who is new, else to the last. */
export function settle<Key>(places: readonly Key[], present: readonly Key[]): Key[] {
  const here = new Set(present);
  const known = new Set(places);
  const fresh = present.filter((key) => !known.has(key));
  const kept: (Key | null)[] = places.map((key) => (here.has(key) ? key : (fresh.shift() ?? null)));
  for (let hole = kept.indexOf(null); hole !== -1; hole = kept.indexOf(null)) {
    const last = kept.pop() ?? null;
    if (hole < kept.length) kept[hole] = last;
  }
  return [...kept.filter((key): key is Key => key !== null), ...fresh];
}

/** Who spoke last comes first; the others stay in their order. */
export function speakersFirst<Key>(places: readonly Key[], spoke: readonly Key[]): Key[] {
  const first = spoke.filter((key) => places.includes(key));
  return [...first, ...places.filter((key) => !first.includes(key))];
}
