// Times and spans in words.

import type { Language, Translate } from "./index";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language === "ru" ? "ru-RU" : "en-GB", options);
    formats.set(key, found);
  }
  return found;
}

export const clockTime = (language: Language, at: Date): string => format(language, { hour: "2-digit", minute: "2-digit" }).format(at);

/** With seconds, for steps that follow each other closely. */
export const clockSeconds = (language: Language, at: Date): string =>
  format(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);

/** Days of the calendar between two moments: 0 today, 1 yesterday. */
export function daysBetween(at: Date, now: Date): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(at)) / 86_400_000);
}

/** The day above messages: "сегодня", "12 ноября". */
export function dayName(t: Translate, language: Language, at: Date, now: Date): string {
  const days = daysBetween(at, now);
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  return at.getFullYear() === now.getFullYear()
    ? format(language, { day: "numeric", month: "long" }).format(at)
    : format(language, { day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** The short time in a row of the list: a time today, a weekday this week, else a date. */
export function rowTime(t: Translate, language: Language, at: Date, now: Date): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clockTime(language, at);
  if (days === 1) return t("time.yesterday");
  if (days < 7) return format(language, { weekday: "short" }).format(at);
  return at.getFullYear() === now.getFullYear()
    ? format(language, { day: "2-digit", month: "2-digit" }).format(at)
    : format(language, { day: "2-digit", month: "2-digit", year: "2-digit" }).format(at);
}

/** When something was, inside a sentence: "20 минут назад", "вчера в 21:40". */
export function moment(t: Translate, language: Language, at: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - at.getTime()) / 60_000);
  if (minutes < 1) return t("time.just_now");
  if (minutes < 60) return t("time.minutes_ago", { n: minutes });
  const time = clockTime(language, at);
  const days = daysBetween(at, now);
  if (days === 0) return t("time.today_at", { time });
  if (days === 1) return t("time.yesterday_at", { time });
  return t("time.date_at", { date: dayName(t, language, at, now), time });
}

export const date = (language: Language, at: Date): string => format(language, { day: "numeric", month: "long" }).format(at);

/** "12:47" or "1:02:03". */
export function stopwatch(seconds: number): string {
  const part = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${part(minutes)}:${part(seconds % 60)}` : `${minutes}:${part(seconds % 60)}`;
}

/** "48 секунд", "12 минут". */
export function spanInWords(t: Translate, seconds: number): string {
  return seconds < 60 ? t("time.seconds", { n: seconds }) : t("time.minutes", { n: Math.round(seconds / 60) });
}
