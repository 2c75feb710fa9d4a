// A screen that somebody shows: the whole of it, nothing cut.

import { Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupTile } from "../../stores/group";
import { Explain } from "../../ui/Explain";
import { Icon } from "../../ui/Icon";
import { Picture } from "../Picture";
import { useShown } from "./context";
import { watchPicture } from "./shown";
import { isSeen, pausedWords } from "./words";

export function ScreenTile(props: { tile: GroupTile; large?: boolean; onPick(): void }) {
  const { t } = useI18n();
  const words = (): string => t("screen.shown", { name: props.tile.username });
  const paused = () => pausedWords(t, props.tile.screen, props.tile.username);
  let frame!: HTMLDivElement;
  watchPicture(
    useShown(),
    () => frame,
    () => (props.tile.screen ? { participantId: props.tile.participantId, source: "screen" } : null),
  );
  return (
    <div class="tile shared" ref={frame} data-testid="group-screen-tile" data-user={props.tile.username}>
      <Show when={props.tile.screen}>
        {(screen) => (
          <Picture
            class={isSeen(screen()) ? "fill whole" : "fill whole unseen"}
            track={screen().track}
            label={t("tile.screen", { name: props.tile.username })}
          />
        )}
      </Show>
      <button
        class="tile-hit"
        aria-label={t(props.large ? "tile.small" : "tile.large", { name: words() })}
        onClick={() => props.onPick()}
      />
      <span class="tag" aria-hidden="true">
        <Icon name="share" />
        <span class="one">{words()}</span>
      </span>
      <Show when={paused()}>
        {(reason) => (
          <Explain
            class="tag warn mark"
            label={t("paused.ask", { name: words() })}
            title={reason().title}
            why={reason().why}
            help={reason().help}
          >
            <Icon name="pause" />
            <span class="one">{reason().short}</span>
          </Explain>
        )}
      </Show>
    </div>
  );
}
