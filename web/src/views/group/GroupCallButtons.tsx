// In the head of a chat: calls everyone in it.

import { Show } from "solid-js";
import type { ChatId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { useIsFree } from "../free";

/** Not while the chat has its call (there is a strip to join it), nor while this device is in one. */
export function GroupCallButtons(props: { chat: ChatId }) {
  const { group } = useHome();
  const { t } = useI18n();
  const isFree = useIsFree();
  return (
    <Show when={isFree() && !group.calls().has(props.chat)}>
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
