// A row of the history: with whom, what came of it, and the same call again.

import { Show } from "solid-js";
import type { CallEntry } from "../../api/wire";
import { useI18n } from "../../i18n";
import { moment } from "../../i18n/time";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { ChatAvatar } from "../ChatAvatar";
import { useHome } from "../context";
import { useIsFree } from "../free";
import { chatTitle } from "../names";
import { now } from "../now";
import { againWith, otherIn, seenBy } from "./words";

/** With whom a call was, as a name and a face. */
export function useCallFace(): (entry: CallEntry) => string {
  const { me, chats } = useHome();
  const { t } = useI18n();
  return (entry) => {
    const row = chats.row(entry.chatId);
    if (entry.form === "private") return otherIn(entry, me).username;
    return row ? chatTitle(t, row, me) : otherIn(entry, me).username;
  };
}

export function CallFace(props: { entry: CallEntry; size: number }) {
  const { me, chats } = useHome();
  const other = () => otherIn(props.entry, me);
  return (
    <Show
      when={props.entry.form === "group" && chats.row(props.entry.chatId)}
      fallback={<Avatar id={other().id} name={other().username} size={props.size} />}
    >
      {(row) => <ChatAvatar chat={row()} size={props.size} />}
    </Show>
  );
}

/** Makes the same call once more. */
export function useCallAgain(): (entry: CallEntry) => void {
  const { me, chats, call, group } = useHome();
  return (entry) => {
    const other = againWith(entry, chats.row(entry.chatId), me);
    if (other) call.dial(other, entry.type);
    else group.prepare(entry.chatId, entry.type);
  };
}

export function PastCall(props: { entry: CallEntry; onOpen(): void }) {
  const { me, chats } = useHome();
  const { t, language } = useI18n();
  const nameOf = useCallFace();
  const again = useCallAgain();
  const isFree = useIsFree();
  const seen = () => seenBy(t, props.entry, me);
  const video = (): boolean => props.entry.type === "video";
  const line = (): string =>
    [seen().kind, moment(t, language(), new Date(props.entry.startedAt), now()), seen().outcome].filter(Boolean).join(" · ");
  return (
    <li class="li tight-end" data-testid="past-call" data-status={props.entry.status} data-form={props.entry.form}>
      <button class="li-go" aria-label={`${nameOf(props.entry)}. ${line()}. ${t("history.details")}`} onClick={() => props.onOpen()}>
        <CallFace entry={props.entry} size={48} />
        <span class="li-in">
          <span class="li-t">
            <b class="one" classList={{ missed: seen().missed }}>
              {nameOf(props.entry)}
            </b>
          </span>
          <span class="li-b wrap">
            <span class="row-icon" classList={{ missed: seen().missed }}>
              <Icon name={seen().icon} size="xs" />
            </span>
            <span>{line()}</span>
          </span>
        </span>
      </button>
      <Show when={isFree()}>
        <button
          class="ib go"
          aria-label={
            againWith(props.entry, chats.row(props.entry.chatId), me)
              ? t(video() ? "chat.call_video" : "chat.call_voice", { name: nameOf(props.entry) })
              : t(video() ? "group.call_video" : "group.call_voice")
          }
          onClick={() => again(props.entry)}
          data-testid="past-call-again"
        >
          <Icon name={video() ? "video" : "phone"} />
        </button>
      </Show>
    </li>
  );
}
