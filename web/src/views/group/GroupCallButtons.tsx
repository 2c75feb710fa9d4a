// In the head of a chat: calls everyone in it.

import { Show } from "solid-js";
import type { ChatId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";

/** Not while the chat has its call (there is a strip to join it), nor while this device is in one. */
export function GroupCallButtons(props: { chat: ChatId }) {
  const { call, group } = useHome();
  const { t } = useI18n();
  const isFree = (): boolean => {
    const own = call.phase().kind;
    const shared = group.phase().kind;
    return !group.calls().has(props.chat) && (own === "idle" || own === "ended") && (shared === "idle" || shared === "over");
  };
  return (
    <Show when={isFree()}>
      <button
        class="ib go"
        aria-label={t("group.call_video")}
        title={t("group.call_video")}
        onClick={() => group.prepare(props.chat, "video")}
        data-testid="group-call-video"
      >
        <Icon name="video" />
      </button>
      <button
        class="ib go"
        aria-label={t("group.call_voice")}
        title={t("group.call_voice")}
        onClick={() => group.prepare(props.chat, "voice")}
        data-testid="group-call-voice"
      >
        <Icon name="phone" />
      </button>
    </Show>
  );
}
