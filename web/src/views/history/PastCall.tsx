// A row of the history: with whom, what came of it, and the same call again.

import { Show } from "solid-js";
import type { CallEntry, Chat } from "../../api/wire";
import { useI18n } from "../../i18n";
import { moment } from "../../i18n/time";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { ChatAvatar } from "../ChatAvatar";
import { useHome } from "../context";
import { useIsFree } from "../free";
import { chatTitle, otherOf } from "../names";
import { now } from "../now";
import { otherIn, seenBy } from "./words";

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

/** The chat whose call it was. Null for a call between two, also when it had grown: others were in that, and not in its chat. */
function useChatOf(): (entry: CallEntry) => Chat | null {
  const { chats } = useHome();
  return (entry) => {
    const row = entry.form === "group" ? chats.row(entry.chatId) : undefined;
    return row && row.kind !== "private" ? row : null;
  };
}

/** Makes the same call once more. */
export function useCallAgain(): (entry: CallEntry) => void {
  const { me, chats, call, group } = useHome();
  const chatOf = useChatOf();
  return (entry) => {
    if (chatOf(entry)) return group.prepare(entry.chatId, entry.type);
    const row = chats.row(entry.chatId);
    call.dial((row && otherOf(row, me)) ?? otherIn(entry, me), entry.type);
  };
}

export function PastCall(props: { entry: CallEntry; onOpen(): void }) {
  const { me } = useHome();
  const { t, language } = useI18n();
  const nameOf = useCallFace();
  const again = useCallAgain();
  const chatOf = useChatOf();
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
            chatOf(props.entry)
              ? t(video() ? "group.call_video" : "group.call_voice")
              : t(video() ? "chat.call_video" : "chat.call_voice", { name: nameOf(props.entry) })
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
