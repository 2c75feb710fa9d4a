// Whether somebody is there, in words.

import type { PersonState } from "../stores/people";
import { useI18n } from "../i18n";
import { moment } from "../i18n/time";
import { now } from "./now";

/** A name and, in words, whether that person is there. */
export function PersonLine(props: { person: PersonState }) {
  const words = usePresenceWords();
  return (
    <span class="li-in">
      <span class="li-t">
        <b class="one">{props.person.username}</b>
      </span>
      <span class="li-b">
        <span class="one">{words(props.person)}</span>
      </span>
    </span>
  );
}

export function usePresenceWords(): (person: PersonState) => string {
  const { t, language } = useI18n();
  return (person) => {
    if (person.inCall) return t("people.busy");
    if (person.online) return t("people.online");
    if (person.lastSeenAt === null) return t("people.offline");
    return t("people.seen", { time: moment(t, language(), new Date(person.lastSeenAt), now()) });
  };
}
