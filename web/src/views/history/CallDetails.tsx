// About one call of the past: when, how long, why it went as it did, and what each did with it.

import { For, Show } from "solid-js";
import type { CallEntry, CallPerson } from "../../api/wire";
import { useI18n } from "../../i18n";
import { moment } from "../../i18n/time";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { useIsFree } from "../free";
import { now } from "../now";
import { Explanation } from "./Explanation";
import { CallFace, useCallAgain, useCallFace } from "./PastCall";
import { partOf, seenBy } from "./words";

export function CallDetails(props: { entry: CallEntry | null; onClose(): void }) {
  const { t } = useI18n();
  return (
    <Dialog open={props.entry !== null} title={t("history.details")} close={t("close")} onClose={props.onClose}>
      <Show when={props.entry}>{(entry) => <Inside entry={entry()} onClose={props.onClose} />}</Show>
    </Dialog>
  );
}

function Inside(props: { entry: CallEntry; onClose(): void }) {
  const { me } = useHome();
  const { t, language } = useI18n();
  const nameOf = useCallFace();
  const again = useCallAgain();
  const isFree = useIsFree();
  const seen = () => seenBy(t, props.entry, me);
  const when = (): string => moment(t, language(), new Date(props.entry.startedAt), now());
  return (
    <div class="sheet-list plain-list stack" data-testid="call-details">
      <div class="row">
        <CallFace entry={props.entry} size={56} />
        <div class="grow">
          <b>{nameOf(props.entry)}</b>
          <p class="sm muted">{[seen().kind, when(), seen().outcome].filter(Boolean).join(" · ")}</p>
          <p class="sm muted">{t("history.started_by", { name: props.entry.startedBy.username })}</p>
        </div>
      </div>
      <Explanation entry={props.entry}>
        <Show when={isFree()}>
          <button
            class="btn primary"
            onClick={() => {
              props.onClose();
              again(props.entry);
            }}
            data-testid="details-again"
          >
            <Icon name={props.entry.type === "video" ? "video" : "phone"} size="s" />
            {t("history.call_again")}
          </button>
        </Show>
        <ul class="list">
          <For each={props.entry.participants}>{(person) => <Part person={person} isOver={props.entry.endedAt !== null} />}</For>
        </ul>
      </Explanation>
    </div>
  );
}

function Part(props: { person: CallPerson; isOver: boolean }) {
  const { me } = useHome();
  const { t, language } = useI18n();
  const name = (): string =>
    props.person.user.id === me ? t("panel.you", { name: props.person.user.username }) : props.person.user.username;
  return (
    <li class="li part" data-testid="call-part" data-outcome={props.person.outcome}>
      <Avatar id={props.person.user.id} name={props.person.user.username} size={40} />
      <span class="li-in">
        <span class="li-t">
          <b class="one">{name()}</b>
        </span>
        <span class="li-b">
          <span class="one" classList={{ missed: props.person.outcome === "missed" }}>
            {partOf(t, language(), props.person, props.isOver)}
          </span>
        </span>
      </span>
    </li>
  );
}
