// The chat of a call beside its pictures; can be closed.

import { createMemo, createSignal, Match, Show, Switch } from "solid-js";
import type { ChatId } from "../api/wire";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { LoadingRows } from "../ui/Waiting";
import { Composer } from "./Composer";
import { useHome } from "./context";
import { MessageLog } from "./MessageLog";
import { otherOf } from "./names";

/** The chat that belongs beside the call of this device. */
export function useSideChat(): () => ChatId | undefined {
  const { chats, me, call, group } = useHome();
  return createMemo(() => {
    const shared = group.phase();
    if (shared.kind === "active") return chats.row(shared.chat)?.id;
    const own = call.phase();
    if (own.kind !== "active") return undefined;
    return chats.rows().find((row) => otherOf(row, me)?.id === own.peer.id)?.id;
  });
}

export function SideChat(props: { chatId: ChatId; onClose(): void }) {
  const { chats } = useHome();
  const { t } = useI18n();
  const [ownSent, setOwnSent] = createSignal(0);
  chats.open(props.chatId);
  const log = () => chats.log(props.chatId);
  return (
    <Show when={chats.row(props.chatId)}>
      {(chat) => (
        <aside class="pane side chat"
          classList={{ "chat-private": chat().kind === "private" }}
          aria-label={t("chat.log")}>
          <header class="top line">
            <h2 class="grow">{t("chat.log")}</h2>
            <button class="ib" aria-label={t("close")} onClick={() => props.onClose()}>
              <Icon name="x" />
            </button>
          </header>
          <Switch fallback={<LoadingRows text={t("chat.loading")} rows={3} />}>
            <Match when={log()?.state === "ready" && log()}>
              {(ready) => <MessageLog chat={chat()} log={ready()} ownSent={ownSent()} />}
            </Match>
          </Switch>
          <Composer chat={props.chatId} onSent={() => setOwnSent((n) => n + 1)} />
        </aside>
      )}
    </Show>
  );
}
