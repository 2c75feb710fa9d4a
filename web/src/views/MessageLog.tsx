// The messages of a chat: follows what is new while one is at the bottom, keeps its place otherwise, pages upward.

import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show, untrack } from "solid-js";
import { Virtualizer, type VirtualizerHandle } from "virtua/solid";
import type { Chat } from "../api/wire";
import { useI18n } from "../i18n";
import type { OpenLog } from "../stores/chats";
import { Icon } from "../ui/Icon";
import { EmptyNote } from "../ui/Waiting";
import { Announcer } from "./Announcer";
import { createAttention } from "./attention";
import { useHome } from "./context";
import { logItems, type LogItem } from "./logItems";
import { MessageItem } from "./MessageItem";

const NEAR_BOTTOM = 60;
const NEAR_TOP = 400;

export function MessageLog(props: { chat: Chat; log: OpenLog; ownSent: number }) {
  const { chats, me, outbox } = useHome();
  const { t } = useI18n();
  const unreadAtOpening = untrack(() => props.chat.unreadCount);
  const readAtOpening = untrack(() => (unreadAtOpening > 0 ? props.chat.readSeq : null));
  const items = createMemo<readonly LogItem[]>(
    (previous) =>
      logItems(
        { messages: props.log.messages, outgoing: outbox.of(props.chat.id), participants: props.chat.participants, me, readAtOpening },
        previous,
      ),
    [],
  );
  /** Older messages came in front: the place is kept from the end. */
  const shift = createMemo<{ first: string | undefined; grew: boolean }>(
    (before) => {
      const first = items()[0]?.key;
      return { first, grew: before.first !== undefined && first !== before.first };
    },
    { first: undefined, grew: false },
  );
  const [atBottom, setAtBottom] = createSignal(true);
  const [seenSeq, setSeenSeq] = createSignal(untrack(() => props.log.messages.at(-1)?.seq ?? 0));
  const attention = createAttention();
  const lastSeq = createMemo(() => props.log.messages.at(-1)?.seq ?? 0);
  const below = createMemo(() => items().filter((item) => !item.own && item.seq !== null && item.seq > seenSeq()).length);
  const [handle, setHandle] = createSignal<VirtualizerHandle>();
  let scroller!: HTMLDivElement;
  let content: HTMLDivElement | undefined;

  function toEnd(): void {
    setAtBottom(true);
    handle()?.scrollToIndex(items().length - 1, { align: "end" });
    scroller.scrollTop = scroller.scrollHeight;
  }

  function onScroll(): void {
    const list = handle();
    if (!list) return;
    setAtBottom(list.scrollOffset + list.viewportSize >= list.scrollSize - NEAR_BOTTOM);
    if (list.scrollOffset < NEAR_TOP) chats.loadOlder(props.chat.id);
  }

  onMount(() => {
    // Measured messages, the keyboard, a longer composer: the end stays in sight.
    const resized = new ResizeObserver(() => {
      if (atBottom()) scroller.scrollTop = scroller.scrollHeight;
    });
    resized.observe(scroller);
    createEffect(() => {
      if (items().length > 0 && content) resized.observe(content);
    });
    onCleanup(() => resized.disconnect());
  });
  createEffect(
    on(handle, (list) => {
      if (!list) return;
      const firstNew = items().findIndex((item) => item.firstNew);
      if (firstNew > 0 && unreadAtOpening > 8) {
        setAtBottom(false);
        list.scrollToIndex(firstNew, { align: "start" });
      } else {
        toEnd();
      }
    }),
  );
  createEffect(
    on(
      () => items().at(-1)?.key,
      () => atBottom() && toEnd(),
      { defer: true },
    ),
  );
  createEffect(
    on(
      () => props.ownSent,
      () => queueMicrotask(toEnd),
      { defer: true },
    ),
  );
  createEffect(() => {
    if (!atBottom() || !attention()) return;
    setSeenSeq(lastSeq());
    if (lastSeq() > 0) chats.markRead(props.chat.id, lastSeq());
  });

  return (
    <div class="log-area">
      <div class="log-wrap" ref={scroller} tabindex="0" role="log" aria-live="off" aria-label={t("chat.log")}>
        <Show when={items().length > 0} fallback={<EmptyNote>{t("chat.empty")}</EmptyNote>}>
          <div class="log-fill" />
          <div class="log" ref={content}>
            <Virtualizer data={items()} ref={setHandle} scrollRef={scroller} shift={shift().grew} onScroll={onScroll} itemSize={64}>
              {(item, index) => (
                <MessageItem
                  item={item}
                  isPrivate={props.chat.kind === "private"}
                  newCount={unreadAtOpening}
                  isFirst={index() === 0}
                  isLast={index() === items().length - 1}
                />
              )}
            </Virtualizer>
          </div>
        </Show>
      </div>
      <Show when={props.log.older !== "idle"}>
        <p class="older" role="status">
          <Show when={props.log.older === "failed"} fallback={t("chat.older")}>
            {t("chat.failed")}
            <button class="btn" onClick={() => chats.loadOlder(props.chat.id)}>
              {t("retry")}
            </button>
          </Show>
        </p>
      </Show>
      <Show when={!atBottom()}>
        <button class="to-end" aria-label={below() > 0 ? undefined : t("chat.down")} onClick={toEnd} data-testid="to-end">
          <Show when={below() > 0}>{t("chat.new", { n: below() })}</Show>
          <Icon name="down" />
        </button>
      </Show>
      <Announcer items={items()} />
    </div>
  );
}
