// One message, with the day or the "new" line above it.

import { Match, Show, Switch } from "solid-js";
import { useI18n } from "../i18n";
import { clockTime, dayName } from "../i18n/time";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { colourOf } from "../ui/person";
import { useHome } from "./context";
import type { LogItem } from "./logItems";
import { now } from "./now";

export interface MessageItemProps {
  item: LogItem;
  isPrivate: boolean;
  newCount: number;
  isFirst: boolean;
  isLast: boolean;
}

export function MessageItem(props: MessageItemProps) {
  const { t, language } = useI18n();
  return (
    <div class="slot" classList={{ opening: props.isFirst, closing: props.isLast }}>
      <Show when={props.item.day}>
        <p class="day">{dayName(t, language(), new Date(props.item.at), now())}</p>
      </Show>
      <Show when={props.item.firstNew}>
        <p class="new">{t("chat.new", { n: props.newCount })}</p>
      </Show>
      <article
        class={`m ${props.item.own ? "own" : colourOf(props.item.senderId)}`}
        classList={{ first: props.item.first, last: props.item.last }}
        data-testid="message"
        data-seq={props.item.seq ?? undefined}
        data-state={props.item.state ?? undefined}
      >
        <Show when={!props.item.own && !props.isPrivate}>
          <Show when={props.item.first} fallback={<p class="vh">{props.item.senderName}</p>}>
            <p class="who">{props.item.senderName}</p>
          </Show>
          <Show when={props.item.last}>
            <Avatar id={props.item.senderId} name={props.item.senderName} size={36} />
          </Show>
        </Show>
        <div class="bub flow">
          <span class="words">{props.item.content}</span>
          <span class="meta">
            <time datetime={props.item.at}>{clockTime(language(), new Date(props.item.at))}</time>
            <Mark item={props.item} />
          </span>
        </div>
        <Show when={props.item.state === "failed"}>
          <Failed item={props.item} />
        </Show>
      </article>
    </div>
  );
}

/** How far an own message got: by shape, and in words for who cannot see it. */
function Mark(props: { item: LogItem }) {
  const { t } = useI18n();
  return (
    <Switch>
      <Match when={props.item.state === "sending"}>
        <Icon name="clock" size="xs" />
        <span class="vh">{t("msg.sending")}</span>
      </Match>
      <Match when={props.item.state === "failed"}>
        <Icon name="alert" size="xs" />
      </Match>
      <Match when={props.item.state === "sent"}>
        <Icon name="check" size="xs" />
        <span class="vh">{t("msg.sent")}</span>
      </Match>
      <Match when={props.item.state === "read"}>
        <span class="read">
          <Icon name="checks" size="xs" />
        </span>
        <span class="vh">{t("msg.read")}</span>
      </Match>
    </Switch>
  );
}

function Failed(props: { item: LogItem }) {
  const { outbox } = useHome();
  const { t } = useI18n();
  return (
    <div class="fail under" role="alert">
      <Icon name="alert" size="s" />
      {t("msg.failed")}
      <button class="btn" onClick={() => outbox.retry(props.item.clientId ?? "")}>
        {t("msg.retry")}
      </button>
      <button class="btn" onClick={() => outbox.discard(props.item.clientId ?? "")}>
        {t("msg.discard")}
      </button>
    </div>
  );
}
