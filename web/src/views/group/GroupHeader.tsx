// The upper edge of a group call: what it is called, how many are in it, how long; and how it is shown.

import { Show } from "solid-js";
import { useI18n } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { CallTimer } from "../CallTimer";
import { useHome } from "../context";
import { FoldButton } from "../FoldButton";
import type { FullScreen } from "../fullScreen";
import { isWide } from "../wide";
import type { StageView } from "./stageView";

export interface GroupHeaderProps {
  title: string;
  since: number;
  view: StageView;
  full: FullScreen;
  onFold(): void;
  /** Null where there is no room for a chat beside. */
  chat: { open: boolean; toggle(): void } | null;
}

export function GroupHeader(props: GroupHeaderProps) {
  const { group } = useHome();
  const { t } = useI18n();
  const isLarge = (): boolean => props.view.large() !== null;
  return (
    <header class="top group-top">
      <span class="side-l">
        <FoldButton testId="group-fold" onFold={props.onFold} />
      </span>
      <div class="who-timer">
        <h1 class="one">{props.title}</h1>
        <p class="sm muted num">
          <Show when={group.current()?.locked}>
            <Icon name="lock" size="xs" />
            <span class="vh">{t("panel.locked")}</span>
          </Show>
          {t("stage.people", { n: group.participants().length })} · <CallTimer since={props.since} class="inline" />
        </p>
      </div>
      <span class="side-r">
        <Show when={!props.full.isOn() && props.chat}>
          {(chat) => (
            <button class="ib" aria-label={t("stage.chat")} aria-pressed={chat().open} onClick={() => chat().toggle()}>
              <Icon name="chats" />
            </button>
          )}
        </Show>
        <Show when={props.full.isPossible && isWide()}>
          <button
            class="ib"
            aria-label={props.full.isOn() ? t("stage.full_exit") : t("stage.full")}
            onClick={() => props.full.toggle()}
            data-testid="group-full"
          >
            <Icon name="big" />
          </button>
        </Show>
        <Show when={group.participants().length > 1}>
          <button
            class="ib"
            aria-label={isLarge() ? t("stage.view_grid") : t("stage.view_speaker")}
            onClick={() => props.view.toggle()}
            data-testid="group-view-switch"
            data-view={isLarge() ? "large" : "grid"}
          >
            <Icon name={isLarge() ? "gridv" : "speakv"} />
          </button>
        </Show>
      </span>
    </header>
  );
}
