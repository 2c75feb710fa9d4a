// A call of the past in words, for the one who looks.

import type { CallEntry, CallPerson, Chat, Person, UserId } from "../../api/wire";
import type { Language, Translate } from "../../i18n";
import { clockTime, spanInWords } from "../../i18n/time";
import type { IconName } from "../../ui/icons";
import { otherOf } from "../names";

export interface Seen {
  /** It wanted this one and was not heard. */
  missed: boolean;
  icon: IconName;
  /** Which way it went, and what it was; empty where the face says it. */
  kind: string;
  /** How it went, where that is not in its kind. */
  outcome: string;
}

export function seenBy(t: Translate, entry: CallEntry, me: UserId): Seen {
  return entry.form === "group" ? seenGroup(t, entry, me) : seenPrivate(t, entry, me);
}

/** The other one of a private call; of any other who started it, unless that is oneself. */
export function otherIn(entry: CallEntry, me: UserId): Person {
  if (entry.form === "group" && entry.startedBy.id !== me) return entry.startedBy;
  return entry.participants.find((each) => each.user.id !== me)?.user ?? entry.startedBy;
}

/** Whom the same call once more goes to; null: to everybody in `chat`, which is the call's as the one who looks knows it. */
export function againWith(entry: CallEntry, chat: Chat | undefined, me: UserId): Person | null {
  if (entry.form === "group" && chat && chat.kind !== "private") return null;
  // A call of two that has grown had others in it, who are not in its chat.
  return (chat && otherOf(chat, me)) ?? otherIn(entry, me);
}

export const joinedIn = (entry: CallEntry): readonly CallPerson[] => entry.participants.filter((each) => each.outcome === "joined");

function seenPrivate(t: Translate, entry: CallEntry, me: UserId): Seen {
  const video = entry.type === "video";
  if (entry.startedBy.id === me) {
    const kind = t(video ? "history.outgoing_video" : "history.outgoing");
    return { missed: false, icon: video ? "video" : "calls", kind, outcome: ended(t, entry, true) };
  }
  if (entry.status === "missed") {
    return { missed: true, icon: "missed", kind: t(video ? "history.missed_video" : "history.missed"), outcome: "" };
  }
  const kind = t(video ? "history.incoming_video" : "history.incoming");
  return { missed: false, icon: video ? "video" : "phone", kind, outcome: ended(t, entry, false) };
}

function ended(t: Translate, entry: CallEntry, outgoing: boolean): string {
  switch (entry.status) {
    case "ringing":
    case "answered":
      return t("history.live");
    case "rejected":
      return t("history.rejected");
    case "missed":
      if (!outgoing) return "";
      return t(isCancelled(entry) ? "history.cancelled" : "history.no_answer");
    case "ended":
      if (entry.answeredAt === null) return t("history.cancelled");
      return entry.duration === null ? "" : spanInWords(t, entry.duration);
  }
}

function seenGroup(t: Translate, entry: CallEntry, me: UserId): Seen {
  const mine = entry.participants.find((each) => each.user.id === me)?.outcome ?? null;
  const video = entry.type === "video";
  if (mine === "missed") return { missed: true, icon: "missed", kind: t("history.missed"), outcome: groupEnded(t, entry) };
  const own = mine === "busy" ? t("history.you_busy") : mine === "declined" ? t("history.you_declined") : "";
  const outcome = [own, groupEnded(t, entry)].filter(Boolean).join(" · ");
  return { missed: false, icon: video ? "video" : "people", kind: "", outcome };
}

function groupEnded(t: Translate, entry: CallEntry): string {
  if (entry.status === "ringing" || entry.status === "answered") return t("history.live");
  if (entry.answeredAt === null) return t(isCancelled(entry) ? "history.cancelled" : "history.nobody_came");
  const people = t("history.people", { n: joinedIn(entry).length });
  return entry.duration === null ? people : `${people} · ${spanInWords(t, entry.duration)}`;
}

/** Whether it was over before anybody could have come. */
function isCancelled(entry: CallEntry): boolean {
  return entry.reason === "cancelled" || entry.reason === "closed";
}

/** What somebody did with a call. */
export function partOf(t: Translate, language: Language, person: CallPerson, isOver: boolean): string {
  switch (person.outcome) {
    case "joined": {
      if (person.joinedAt === null) return t("history.person_in");
      const from = clockTime(language, new Date(person.joinedAt));
      return person.leftAt === null
        ? t("history.in_since", { from })
        : t("history.in_from_to", { from, to: clockTime(language, new Date(person.leftAt)) });
    }
    case "declined":
      return t("history.person_declined");
    case "missed":
      return t("history.person_missed");
    case "busy":
      return t("history.person_busy");
    case "rang":
      return t(isOver ? "history.person_out" : "history.person_rang");
  }
}
