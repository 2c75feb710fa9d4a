import { translator } from "@solid-primitives/i18n";
import { describe, expect, it } from "vitest";
import type { CallStep, Finding } from "../../api/wire";
import { en } from "../../i18n/en";
import type { Translate } from "../../i18n/index";
import { ru } from "../../i18n/ru";
import { findingInWords, stepInWords } from "./explained";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");
const inRussian = translator(() => ru) as Translate;
const inEnglish = translator(() => en) as Translate;
const name = (): string => "Мама";
const user = "mama";
const through = { over: "tls", port: 443 } as const;

const FINDINGS: readonly Finding[] = [
  { code: "live" },
  { code: "closed" },
  { code: "talked", seconds: 30, path: { kind: "relayed", way: through } },
  { code: "talked", seconds: null, path: { kind: "unknown" } },
  { code: "poor", user, loss: 12, roundTripMs: 700 },
  { code: "udp_blocked", user, through, evidence: "reported" },
  { code: "only_tls", user, through: null, evidence: "seen" },
  { code: "offline", user },
  { code: "no_answer", user, devices: 2, seconds: 45 },
  { code: "declined", user },
  { code: "cancelled", user, seconds: 3 },
  { code: "nobody_came", rung: 4 },
  { code: "answered_elsewhere", user, device: "Android" },
  ...(["denied", "missing", "in_use", "insecure"] as const).map((fault) => ({ code: "no_microphone", user, fault }) as const),
  ...(["expired", "banned", "quota", "full", "request"] as const).map((why) => ({ code: "relay_refused", user, why }) as const),
  { code: "certificate_expired", since: "2026-11-01T00:00:00.000Z" },
  { code: "clock_off", user, seconds: -86_400 },
  { code: "server_address_wrong", user },
  { code: "no_way_out", user },
  { code: "no_path", user },
  { code: "server_restarted" },
  { code: "vanished", user },
  { code: "path_broke", user },
  { code: "not_reported", user, old: true },
  { code: "incomplete", steps: 2 },
  { code: "not_recorded" },
];

describe("why a call went as it did", () => {
  it("is said of a network that lets only 443 out as a family would say it", () => {
    const told = findingInWords(inRussian, "ru", name, { code: "only_tls", user, through, evidence: "reported" });
    expect(plain(told.title)).toBe("Мама: сеть там пропускает только защищённые страницы");
    expect(plain(told.text)).toBe("Устройство было на связи, разговор шёл через сервер по TLS 443.");
    expect(told.tone).toBe("calm");
  });

  it("has words for each code, in both languages, without a gap in them", () => {
    for (const [t, language] of [[inRussian, "ru"], [inEnglish, "en"]] as const) {
      for (const finding of FINDINGS) {
        const { title, text, help } = findingInWords(t, language, name, finding);
        const said = [title, text, help].join(" ");
        expect(title, finding.code).not.toBe("");
        expect(said, finding.code).not.toMatch(/undefined|null|NaN|\[object/);
      }
    }
  });

  it("tells a clock that is behind by a day, and what would help", () => {
    const told = findingInWords(inRussian, "ru", name, { code: "clock_off", user, seconds: -86_400 });
    expect(plain(told.text)).toContain("отстают на 1 день");
    expect(told.help).toContain("автоматическое время");
  });

  it("has a line for each step, and marks what went wrong", () => {
    const at = "2026-11-22T10:00:00.000Z";
    const line = (step: CallStep) => stepInWords(inRussian, name, false, { at, userId: user, device: "iPhone", step });
    expect(plain(line({ kind: "rang", old: false }).text)).toBe("Зазвонило: Мама (iPhone)");
    expect(line({ kind: "reported", report: { state: "ended", ended: "no_path" } })).toMatchObject({ bad: true, technical: false });
    expect(plain(line({ kind: "reported", report: { state: "connected", firstReceivedMs: 900 } }).text)).toBe("Мама: звук пошёл через 0.9 с");
    expect(line({ kind: "candidate", candidate: "srflx", protocol: "udp" })).toMatchObject({ bad: false, technical: true });
    expect(line({ kind: "allocation_refused", over: "udp", why: "quota" }).bad).toBe(true);
  });
});
