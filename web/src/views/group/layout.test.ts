import { describe, expect, it } from "vitest";
import { columnsOf, gridOf, pagesOf, settle, speakersFirst, type Form } from "./layout";

const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const columns = (form: Form): number[] => counts.map((n) => columnsOf(n, form));

describe("the grid of a group call", () => {
  it("has as many columns as the window is made for", () => {
    expect(columns("phone")).toEqual([1, 1, 2, 2, 2, 2, 3, 3, 3]);
    expect(columns("desktop")).toEqual([1, 2, 2, 2, 3, 3, 3, 3, 3]);
    expect(columns("side")).toEqual([1, 2, 3, 2, 3, 3, 4, 4, 5]);
  });

  it("holds everyone in its rows, in every window", () => {
    for (const form of ["phone", "side", "desktop"] as const) {
      for (const count of counts) {
        const grid = gridOf(count, form);
        expect(grid.rows * grid.columns).toBeGreaterThanOrEqual(count);
        expect((grid.rows - 1) * grid.columns).toBeLessThan(count);
        expect(Math.max(...grid.starts)).toBeLessThanOrEqual(grid.columns * 2 - 1);
      }
    }
  });

  it("sets a last row that is not full in the middle", () => {
    expect(gridOf(3, "phone").starts).toEqual([1, 3, 2]);
    expect(gridOf(5, "desktop").starts).toEqual([1, 3, 5, 2, 4]);
    expect(gridOf(7, "desktop").starts).toEqual([1, 3, 5, 1, 3, 5, 3]);
    expect(gridOf(4, "desktop").starts).toEqual([1, 3, 1, 3]);
  });

  it("goes on in pages of nine", () => {
    const people = Array.from({ length: 20 }, (_, n) => n);
    expect(pagesOf(people).map((page) => page.length)).toEqual([9, 9, 2]);
    expect(pagesOf([1, 2])).toEqual([[1, 2]]);
    expect(pagesOf([])).toEqual([[]]);
  });
});

describe("places in a group call", () => {
  it("stay with who has them when someone joins", () => {
    expect(settle(["b", "a"], ["a", "b", "c"])).toEqual(["b", "a", "c"]);
  });

  it("of who left go to the last, so that nobody else moves", () => {
    expect(settle(["a", "b", "c", "d"], ["a", "c", "d"])).toEqual(["a", "d", "c"]);
    expect(settle(["a", "b", "c"], ["a", "b"])).toEqual(["a", "b"]);
    expect(settle(["a", "b", "c", "d"], ["c"])).toEqual(["c"]);
    expect(settle(["a", "b"], [])).toEqual([]);
  });

  it("of who left go to who comes at the same time: two change places and nobody else moves", () => {
    expect(settle(["a", "b", "c"], ["b", "c", "x", "y"])).toEqual(["x", "b", "c", "y"]);
    expect(settle(["a", "b", "c"], ["c", "x"])).toEqual(["x", "c"]);
  });

  it("begin with who spoke last when the first page is opened again", () => {
    expect(speakersFirst(["a", "b", "c", "d"], ["d", "gone", "b"])).toEqual(["d", "b", "a", "c"]);
    expect(speakersFirst(["a", "b"], [])).toEqual(["a", "b"]);
  });
});
