// The second line of a chat's row.

import { Match, Show, Switch } from "solid-js";
import type { Chat } from "../api/wire";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { useApp, useHome } from "./context";
import { LiveMark } from "./group/LiveBanner";
import { readByAll } from "./logItems";

/** The call that goes on, else the draft, else the last message with who wrote it where that is not plain. */
export function ChatPreview(props: { chat: Chat }) {
  const { me, drafts, outbox, group } = useHome();
  const { t } = useI18n();
  const isOpen = useIsOpen(props.chat.id);
  const draft = (): string => (isOpen() ? "" : drafts.of(props.chat.id).trim());
  const waiting = () => outbox.of(props.chat.id).at(-1);
  const isRead = (): boolean => (props.chat.lastMessage?.seq ?? 0) <= readByAll(props.chat.participants, me);
  const author = (): string => {
    const last = props.chat.lastMessage;
    if (!last) return "";
    if (last.senderId === me) return `${t("chats.you")} `;
    return props.chat.kind === "private" ? "" : `${last.sender.username}: `;
  };
  return (
    <Switch fallback={<span class="one">{t("chats.empty_row")}</span>}>
      <Match when={group.calls().get(props.chat.id)}>{(call) => <LiveMark call={call()} />}</Match>
      <Match when={draft()}>
        {(text) => (
          <>
            <b class="draft">{t("chats.draft")}</b>
            <span class="one">{text()}</span>
          </>
        )}
      </Match>
      <Match when={waiting()}>
        {(item) => (
          <>
            <Icon name={item().refused === null ? "clock" : "alert"} size="xs" />
            <span class="vh">{item().refused === null ? t("msg.sending") : t("msg.failed")}</span>
            <span class="one">{`${t("chats.you")} ${item().content}`}</span>
          </>
        )}
      </Match>
      <Match when={props.chat.lastMessage}>
        {(last) => (
          <>
            <Show when={last().senderId === me}>
              <Icon name={isRead() ? "checks" : "check"} size="xs" />
              <span class="vh">{isRead() ? t("msg.read") : t("msg.sent")}</span>
            </Show>
            <span class="one">{author() + last().content}</span>
          </>
        )}
      </Match>
    </Switch>
  );
}

function useIsOpen(id: string): () => boolean {
  const { route } = useApp();
  return () => {
    const at = route.route();
    return at.at === "chat" && at.id === id;
  };
}
