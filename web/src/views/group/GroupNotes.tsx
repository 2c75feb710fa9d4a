// What is not as it should be in a group call, and who is still being called; else nothing.

import { Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupLink } from "../../stores/group";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { useNameOf } from "./names";
import { namesLine } from "./words";

export function GroupNotes(props: { link: GroupLink; alone: boolean; fault: string }) {
  const { group } = useHome();
  const { t } = useI18n();
  const nameOf = useNameOf();
  const self = () => group.self();
  const mutedWords = (): string => {
    const by = self().mutedBy;
    if (by === null) return t("mic.off_note");
    const name = nameOf(by);
    return name ? t("group.mic_by", { name }) : t("group.mic_by_someone");
  };
  const calling = (): string => {
    const names = (group.current()?.ringing ?? []).map(nameOf).filter(Boolean);
    return names.length > 0 && !props.alone ? t("stage.calling", { names: namesLine(t, names) }) : "";
  };
  return (
    <div class="notes-over group-notes">
      <p role="status" data-testid="group-link" data-link={props.link}>
        {linkWords(props.link)}
      </p>
      <p class="amber" role="status">
        <Show when={self().muted}>
          <Icon name="micoff" size="s" /> {mutedWords()}
        </Show>
      </p>
      <Show when={self().microphoneLost}>
        <p role="alert">{t("mic.lost")}</p>
      </Show>
      <Show when={self().cameraFault}>
        <p role="alert">
          <Icon name="videooff" size="s" /> {t("cam.fault")}
        </p>
      </Show>
      <Show when={self().screen}>
        <p>
          <Icon name="share" size="s" /> {t("screen.own")}
        </p>
      </Show>
      <Show when={props.fault}>
        <p role="alert" data-testid="group-fault">
          {props.fault}
        </p>
      </Show>
      <p role="status">{calling()}</p>
    </div>
  );

  function linkWords(link: GroupLink): string {
    switch (link) {
      case "good":
        return "";
      case "connecting":
        return t("call.connecting_group");
      case "server_lost":
        return t("link.server_lost");
      case "media_lost":
        return t("link.media_lost");
      case "restoring":
        return t("link.restoring");
    }
  }
}
