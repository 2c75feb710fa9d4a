// The chat with the other one beside a call with pictures; can be closed.

import { createMemo, createSignal, Match, Show, Switch } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { LoadingRows } from "../ui/Waiting";
import { Composer } from "./Composer";
import { useHome } from "./context";
import { MessageLog } from "./MessageLog";
import { otherOf } from "./names";

export function useSideChat(phase: () => CallPhase) {
  const { chats, me } = useHome();
  return createMemo(() => {
    const now = phase();
    if (now.kind !== "active") return undefined;
    return chats.rows().find((row) => otherOf(row, me)?.id === now.peer.id);
  });
}

export function SideChat(props: { chatId: string; onClose(): void }) {
  const { chats } = useHome();
  const { t } = useI18n();
  const [ownSent, setOwnSent] = createSignal(0);
  chats.open(props.chatId);
  const log = () => chats.log(props.chatId);
  return (
    <Show when={chats.row(props.chatId)}>
      {(chat) => (
        <aside class="pane side chat chat-private" aria-label={t("chat.log")}>
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
