import { translator } from "@solid-primitives/i18n";
import { describe, expect, it } from "vitest";
import type { CallEntry, CallPerson, Chat } from "../../api/wire";
import type { Translate } from "../../i18n";
import { ru } from "../../i18n/ru";
import { againWith, otherIn, partOf, seenBy } from "./words";

const t = translator(() => ru) as Translate;
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

const anna = { id: "anna", username: "Анна" };
const dima = { id: "dima", username: "Дмитрий" };
const sonya = { id: "sonya", username: "Соня" };
const part = (user: typeof anna, outcome: CallPerson["outcome"]): CallPerson => ({ user, outcome, joinedAt: null, leftAt: null });

const call: CallEntry = {
  id: "c",
  chatId: "chat",
  form: "private",
  type: "voice",
  status: "ended",
  startedBy: dima,
  participants: [part(dima, "joined"), part(anna, "joined")],
  startedAt: "2026-11-22T14:00:00.000Z",
  answeredAt: "2026-11-22T14:00:05.000Z",
  endedAt: "2026-11-22T14:12:05.000Z",
  duration: 720,
  reason: "hangup",
};
const group: CallEntry = { ...call, form: "group", participants: [...call.participants, part(sonya, "missed")], reason: null };
const words = (entry: CallEntry, me: string): string => {
  const seen = seenBy(t, entry, me);
  return plain([seen.kind, seen.outcome].filter(Boolean).join(" · "));
};

describe("a private call of the past", () => {
  it("says which way it went and how long it lasted", () => {
    expect(words(call, "anna")).toBe("Входящий · 12 минут");
    expect(words({ ...call, type: "video" }, "dima")).toBe("Исходящий, видео · 12 минут");
    expect(otherIn(call, "anna")).toBe(dima);
    expect(otherIn(call, "dima")).toBe(anna);
  });

  it("that nobody answered is missed for one and without an answer for the other", () => {
    const missed: CallEntry = { ...call, status: "missed", answeredAt: null, duration: null, reason: "missed" };
    expect(words(missed, "anna")).toBe("Пропущенный");
    expect(seenBy(t, missed, "anna").missed).toBe(true);
    expect(words(missed, "dima")).toBe("Исходящий · без ответа");
    expect(words({ ...missed, reason: "cancelled" }, "dima")).toBe("Исходящий · отменён");
    expect(seenBy(t, missed, "dima").missed).toBe(false);
  });

  it("that was declined or goes on says so", () => {
    expect(words({ ...call, status: "rejected", duration: null }, "dima")).toBe("Исходящий · отклонён");
    expect(words({ ...call, status: "answered", endedAt: null, duration: null }, "anna")).toBe("Входящий · идёт сейчас");
  });
});

describe("a group call of the past", () => {
  it("says how many were in it and how long it lasted", () => {
    expect(words(group, "anna")).toBe("2 участника · 12 минут");
  });

  it("is missed for who did not come, and for nobody else", () => {
    expect(words(group, "sonya")).toBe("Пропущенный · 2 участника · 12 минут");
    expect(seenBy(t, group, "sonya").missed).toBe(true);
    expect(seenBy(t, group, "anna").missed).toBe(false);
  });

  it("is one with who started it, or for them with who was called", () => {
    expect([otherIn(group, "sonya"), otherIn(group, "dima")]).toEqual([dima, anna]);
  });

  it("goes once more to its chat; one of two that grew, to the other of them, or for whom was called in to who began it", () => {
    const family = { kind: "family", participants: [anna, dima, sonya] } as unknown as Chat;
    const two = { kind: "private", participants: [anna, dima] } as unknown as Chat;
    expect(againWith(group, family, "sonya")).toBeNull();
    expect([againWith(group, two, "dima"), againWith(group, two, "anna")]).toEqual([anna, dima]);
    expect(againWith(group, undefined, "sonya")).toBe(dima);
    expect(againWith(call, two, "anna")).toEqual(dima);
  });

  it("that nobody joined says that", () => {
    const alone: CallEntry = { ...group, status: "missed", answeredAt: null, duration: null, participants: [part(dima, "joined"), part(anna, "missed")] };
    expect(words(alone, "dima")).toBe("никто не вошёл");
  });

  it("says what oneself did instead of joining", () => {
    const mine = (outcome: CallPerson["outcome"]): CallEntry => ({ ...group, participants: [part(dima, "joined"), part(anna, outcome)] });
    expect(words(mine("busy"), "anna")).toContain("вы были в другом звонке");
    expect(words(mine("declined"), "anna")).toContain("отклонён вами");
    expect(seenBy(t, mine("declined"), "anna").missed).toBe(false);
  });

  it("tells of each what they did with it", () => {
    const joined: CallPerson = { ...part(anna, "joined"), joinedAt: "2026-11-22T14:00:00.000", leftAt: "2026-11-22T14:05:00.000" };
    expect(plain(partOf(t, "ru", joined, true))).toBe("в звонке 14:00–14:05");
    expect(plain(partOf(t, "ru", { ...joined, leftAt: null }, false))).toBe("в звонке с 14:00");
    expect(partOf(t, "ru", part(anna, "joined"), true)).toBe("в звонке");
    expect((["missed", "declined", "busy", "rang"] as const).map((outcome) => partOf(t, "ru", part(anna, outcome), false))).toEqual([
      "звонок пропущен",
      "звонок отклонён",
      "другой звонок",
      "звоним…",
    ]);
    expect(partOf(t, "ru", part(anna, "rang"), true)).toBe("не в звонке");
  });
});
