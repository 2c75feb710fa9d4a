import { describe, expect, it } from "vitest";
import { colourOf, initialsOf } from "./person";

describe("a person without a picture", () => {
  it("has the first letters of two words, or two letters of one", () => {
    expect(["Анна", "бабушка валя", "Николай Константинович Кузнецов", "Я", "«Кот» Базилио"].map(initialsOf)).toEqual([
      "АН",
      "БВ",
      "НК",
      "Я",
      "КБ",
    ]);
  });

  it("has one of eight colours, by the id", () => {
    const ids = Array.from({ length: 200 }, (_, index) => `01a20441-dbbc-74ff-bddc-${index}`);
    expect(new Set(ids.map(colourOf)).size).toBe(8);
    expect(colourOf("anna")).toBe("p1");
  });
});
