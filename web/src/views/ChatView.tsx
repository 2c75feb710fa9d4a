// One chat: who it is with, the messages, the field to write in.

import { createEffect, createSignal, Match, on, onMount, Show, Switch } from "solid-js";
import type { Chat, ChatId } from "../api/wire";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { FailedNote, LoadingRows } from "../ui/Waiting";
import { ChatAvatar } from "./ChatAvatar";
import { Composer } from "./Composer";
import { useApp, useHome } from "./context";
import { useIsFree } from "./free";
import { GroupCallButtons } from "./group/GroupCallButtons";
import { LiveStrip } from "./group/LiveBanner";
import { MessageLog } from "./MessageLog";
import { chatTitle, otherOf } from "./names";
import { usePresenceWords } from "./PersonLine";
import { isWide } from "./wide";

export function ChatView(props: { id: ChatId }) {
  const { chats } = useHome();
  const { t } = useI18n();
  createEffect(
    on(
      () => [props.id, chats.state()] as const,
      ([id, state]) => {
        if (state === "ready" && chats.row(id)) chats.open(id);
      },
    ),
  );
  return (
    <Switch>
      <Match when={chats.row(props.id)}>{(chat) => <OpenChat chat={chat()} />}</Match>
      <Match when={chats.state() === "ready"}>
        <main class="pane main plain">
          <Header title={t("chats.title")} />
          <div class="empty">
            <p>{t("chat.gone")}</p>
          </div>
        </main>
      </Match>
      <Match when={true}>
        <main class="pane main chat" />
      </Match>
    </Switch>
  );
}

function OpenChat(props: { chat: Chat }) {
  const { chats, me } = useHome();
  const { t } = useI18n();
  const [ownSent, setOwnSent] = createSignal(0);
  const log = () => chats.log(props.chat.id);
  return (
    <main class="pane main chat" classList={{ "chat-private": props.chat.kind === "private" }} aria-label={chatTitle(t, props.chat, me)}>
      <ChatHeader chat={props.chat} />
      <LiveStrip chat={props.chat.id} />
      <Switch>
        <Match when={log()?.state === "failed"}>
          <div class="log-wrap">
            <FailedNote text={t("chat.failed")} again={t("retry")} onAgain={() => chats.open(props.chat.id)} />
          </div>
        </Match>
        <Match when={log()?.state === "ready" && log()}>
          {(ready) => <MessageLog chat={props.chat} log={ready()} ownSent={ownSent()} />}
        </Match>
        <Match when={true}>
          <div class="log-wrap loading">
            <LoadingRows text={t("chat.loading")} rows={4} />
          </div>
        </Match>
      </Switch>
      <Composer chat={props.chat.id} onSent={() => setOwnSent((n) => n + 1)} />
    </main>
  );
}

function Header(props: { title: string }) {
  const { route } = useApp();
  const { t } = useI18n();
  return (
    <header class="top back line">
      <button class="ib only-phone" aria-label={t("chat.back")} onClick={() => route.back({ at: "chats" })}>
        <Icon name="back" />
      </button>
      <h1>{props.title}</h1>
    </header>
  );
}

function ChatHeader(props: { chat: Chat }) {
  const { route } = useApp();
  const { me, people } = useHome();
  const { t } = useI18n();
  const words = usePresenceWords();
  const other = () => otherOf(props.chat, me);
  const second = (): string => {
    const person = people.find(other()?.id ?? "");
    if (person) return words(person);
    if (props.chat.kind === "private") return "";
    const online = props.chat.participants.filter((each) => each.id === me || people.find(each.id)?.online).length;
    return t("chat.members", { n: props.chat.participants.length, m: online });
  };
  let title: HTMLHeadingElement | undefined;
  // On a phone the keyboard would cover the messages, so the title is where one starts.
  onMount(() => !isWide() && title?.focus({ preventScroll: true }));
  return (
    <header class="top back line">
      <button class="ib only-phone" aria-label={t("chat.back")} onClick={() => route.back({ at: "chats" })} data-testid="chat-back">
        <Icon name="back" />
      </button>
      <span class="only-wide inset" />
      <ChatAvatar chat={props.chat} size={44} presence />
      <h1 class="tt" tabindex="-1" ref={title}>
        <b class="one">{chatTitle(t, props.chat, me)}</b>
        <Show when={second()}>{(line) => <span class="one">{line()}</span>}</Show>
      </h1>
      <Show when={other()} fallback={<GroupCallButtons chat={props.chat.id} />}>
        {(person) => <CallButtons chat={props.chat.id} id={person().id} username={person().username} />}
      </Show>
    </header>
  );
}

/** Not while the chat has its call, which there is a strip to join. */
function CallButtons(props: { chat: ChatId; id: string; username: string }) {
  const { call, group } = useHome();
  const { t } = useI18n();
  const isFree = useIsFree();
  const peer = () => ({ id: props.id, username: props.username });
  return (
    <Show when={isFree() && !group.calls().has(props.chat)}>
      <button
        class="ib go"
        aria-label={t("chat.call_video", { name: props.username })}
        onClick={() => call.dial(peer(), "video")}
        data-testid="call-video"
      >
        <Icon name="video" />
      </button>
      <button
        class="ib go"
        aria-label={t("chat.call_voice", { name: props.username })}
        onClick={() => call.dial(peer(), "voice")}
        data-testid="call-voice"
      >
        <Icon name="phone" />
      </button>
    </Show>
  );
}
