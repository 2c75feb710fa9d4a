// A call that goes on in a chat, for who is not in it: a card above the list of chats, a strip in the chat.

import { createMemo, For, Show } from "solid-js";
import type { GroupCall } from "../../api/group";
import type { ChatId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { spanInWords } from "../../i18n/time";
import { Icon } from "../../ui/Icon";
import { useApp, useHome } from "../context";
import { useIsEngaged } from "../free";
import { now } from "../now";
import { isWide } from "../wide";
import { useCallTitle } from "./names";
import { useLoudRing } from "./ring";

/** The living call of a chat, unless this device is in it, on its way there or just out of it, or is being asked for it by other means. */
function useLiveCall(): (chat: ChatId) => GroupCall | null {
  const { group } = useHome();
  const loud = useLoudRing();
  return (chat) => {
    const phase = group.phase();
    const isHere = phase.kind !== "idle" && phase.chat === chat;
    const isAsked = group.interrupted()?.chatId === chat || loud()?.chat === chat;
    return isHere || isAsked ? null : (group.calls().get(chat) ?? null);
  };
}

/** Above the list; not for a chat whose strip is in sight beside it. */
export function LiveCards() {
  const { route } = useApp();
  const { group } = useHome();
  const liveIn = useLiveCall();
  const shown = createMemo(() => {
    const at = route.route();
    const open = at.at === "chat" && isWide() ? at.id : null;
    return [...group.calls().keys()].filter((chat) => chat !== open && liveIn(chat));
  });
  return (
    <For each={shown()}>
      {(chat) => <Show when={liveIn(chat)}>{(call) => <Live call={call()} where />}</Show>}
    </For>
  );
}

export function LiveStrip(props: { chat: ChatId }) {
  const liveIn = useLiveCall();
  return <Show when={liveIn(props.chat)}>{(call) => <Live call={call()} />}</Show>;
}

function Live(props: { call: GroupCall; where?: boolean }) {
  const { group } = useHome();
  const { t } = useI18n();
  const title = useCallTitle();
  const isEngaged = useIsEngaged();
  const span = (): string => spanInWords(t, Math.max(60, (now().getTime() - Date.parse(props.call.startedAt)) / 1000));
  return (
    <section class="live" classList={{ slim: !props.where }} aria-label={t("live.label")} data-testid="live-banner">
      <span class="beat">
        <Icon name={props.call.type === "video" ? "video" : "phone"} />
      </span>
      <div class="grow">
        <p>{t("live.banner", { n: props.call.participants.length })}</p>
        <p class="sm">
          <Show when={props.call.locked}>
            <Icon name="lock" size="xs" /> {t("live.locked")} ·{" "}
          </Show>
          {props.where ? t("live.where", { chat: title(props.call.chatId), span: span() }) : span()}
        </p>
      </div>
      {/* The talk one is in is left by its own button alone. */}
      <Show when={!isEngaged()}>
        <button class="btn primary" onClick={() => group.prepare(props.call.chatId, props.call.type)} data-testid="live-join">
          {t("live.join")}
        </button>
      </Show>
    </section>
  );
}

/** In the row of the chat, in the place of its last message. */
export function LiveMark(props: { call: GroupCall }) {
  const { t } = useI18n();
  return (
    <span class="live-mark one" data-testid="live-mark">
      <Icon name={props.call.type === "video" ? "video" : "phone"} size="xs" />
      <span class="one">{t("live.banner", { n: props.call.participants.length })}</span>
    </span>
  );
}
