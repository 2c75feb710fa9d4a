import { translator } from "@solid-primitives/i18n";
import { describe, expect, it } from "vitest";
import { deviceLanguage, type Translate } from "./index";
import { en } from "./en";
import { ru } from "./ru";
import { dayName, moment, rowTime, stopwatch } from "./time";

const t = translator(() => ru) as Translate;
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("the words", () => {
  it("take the Russian form that the number asks for", () => {
    const forms = [1, 2, 5, 11, 21, 22].map((n) => plain(ru["chat.new"]({ n })));
    expect(forms).toEqual([
      "1 новое сообщение",
      "2 новых сообщения",
      "5 новых сообщений",
      "11 новых сообщений",
      "21 новое сообщение",
      "22 новых сообщения",
    ]);
  });

  it("exist in both languages under the same keys", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ru).sort());
  });

  it("come in the first language of the device that we speak, else in Russian", () => {
    expect(deviceLanguage(["de-DE", "en-GB", "ru"])).toBe("en");
    expect(deviceLanguage(["ru-RU", "en"])).toBe("ru");
    expect(deviceLanguage(["de", "fr"])).toBe("ru");
  });
});

describe("times", () => {
  const now = new Date(2026, 10, 22, 14, 30);

  it("in a row are a clock today, a word yesterday, a weekday this week, else a date", () => {
    const shown = [
      new Date(2026, 10, 22, 9, 5),
      new Date(2026, 10, 21, 23, 59),
      new Date(2026, 10, 18),
      new Date(2026, 10, 2),
      new Date(2025, 0, 5),
    ];
    expect(shown.map((at) => rowTime(t, "ru", at, now))).toEqual(["09:05", "вчера", "ср", "02.11", "05.01.25"]);
  });

  it("above messages are days", () => {
    expect([new Date(2026, 10, 22), new Date(2026, 10, 21), new Date(2026, 10, 12)].map((at) => dayName(t, "ru", at, now))).toEqual([
      "сегодня",
      "вчера",
      "12 ноября",
    ]);
  });

  it("in a sentence say how long ago, then when", () => {
    const ago = (minutes: number): string => plain(moment(t, "ru", new Date(now.getTime() - minutes * 60_000), now));
    expect([0, 1, 20, 300].map(ago)).toEqual(["только что", "1 минуту назад", "20 минут назад", "сегодня в 09:30"]);
    expect(plain(moment(t, "ru", new Date(2026, 10, 21, 21, 40), now))).toBe("вчера в 21:40");
  });

  it("of a call run like a stopwatch", () => {
    expect([0, 59, 767, 3723].map(stopwatch)).toEqual(["0:00", "0:59", "12:47", "1:02:03"]);
  });
});
