// "Мои чаты": rows with the last message, its time and how many are unread.

import { createSignal, For, Match, Show, Switch } from "solid-js";
import type { Chat } from "../api/wire";
import { useI18n } from "../i18n";
import { rowTime } from "../i18n/time";
import { Icon } from "../ui/Icon";
import { FailedNote, LoadingRows } from "../ui/Waiting";
import { ChatAvatar } from "./ChatAvatar";
import { ChatPreview } from "./ChatPreview";
import { useApp, useHome } from "./context";
import { LiveCards } from "./group/LiveBanner";
import { Link } from "./Link";
import { chatTitle } from "./names";
import { NewChat } from "./NewChat";
import { now } from "./now";
import { moveInList } from "./keys";

export function ChatList() {
  const { chats } = useHome();
  const { t } = useI18n();
  const [choosing, setChoosing] = createSignal(false);
  return (
    <section class="pane listp" aria-label={t("chats.title")}>
      <header class="top">
        <h1>{t("chats.title")}</h1>
      </header>
      <div class="scroll">
        <Switch>
          <Match when={chats.state() === "loading"}>
            <LoadingRows text={t("chats.loading")} />
          </Match>
          <Match when={chats.state() === "failed"}>
            <FailedNote text={t("chats.failed")} again={t("retry")} onAgain={() => chats.reload()} />
          </Match>
          <Match when={chats.state() === "ready"}>
            <LiveCards />
            <ul class="list" onKeyDown={moveInList}>
              <For each={chats.rows().map((row) => row.id)}>
                {(id) => <Show when={chats.row(id)}>{(row) => <ChatRow chat={row()} />}</Show>}
              </For>
            </ul>
          </Match>
        </Switch>
      </div>
      <button class="fab" onClick={() => setChoosing(true)} data-testid="new-chat">
        <Icon name="edit" />
        {t("chats.new")}
      </button>
      <NewChat open={choosing()} onClose={() => setChoosing(false)} />
    </section>
  );
}

function ChatRow(props: { chat: Chat }) {
  const { route } = useApp();
  const { me } = useHome();
  const { t } = useI18n();
  const selected = (): boolean => {
    const at = route.route();
    return at.at === "chat" && at.id === props.chat.id;
  };
  return (
    <li>
      <Link
        class="li"
        classList={{ unread: props.chat.unreadCount > 0, sel: selected() }}
        to={{ at: "chat", id: props.chat.id }}
        aria-current={selected() ? "true" : undefined}
        testId={`chat-row-${props.chat.id}`}
      >
        <ChatAvatar chat={props.chat} size={52} presence />
        <span class="li-in">
          <span class="li-t">
            <b class="one">{chatTitle(t, props.chat, me)}</b>
            <Show when={props.chat.kind === "family"}>
              <Icon name="pin" size="xs" />
              <span class="vh">{t("chats.pinned")}</span>
            </Show>
            <LastTime chat={props.chat} />
          </span>
          <span class="li-b">
            <ChatPreview chat={props.chat} />
            <Show when={props.chat.unreadCount > 0}>
              <span class="badge" role="img" aria-label={t("chats.unread", { n: props.chat.unreadCount })}>
                {props.chat.unreadCount}
              </span>
            </Show>
          </span>
        </span>
      </Link>
    </li>
  );
}

function LastTime(props: { chat: Chat }) {
  const { t, language } = useI18n();
  return (
    <Show when={props.chat.lastMessage}>
      {(last) => <span class="when">{rowTime(t, language(), new Date(last().createdAt), now())}</span>}
    </Show>
  );
}
