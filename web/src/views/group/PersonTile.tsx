// One person on the stage: the picture or the face, the name, and marks of what is not as it should be.

import { Match, Show, Switch } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupTile } from "../../stores/group";
import { Avatar } from "../../ui/Avatar";
import { Explain } from "../../ui/Explain";
import { Icon } from "../../ui/Icon";
import { Picture } from "../Picture";
import { useShown } from "./context";
import { watchPicture } from "./shown";
import { isSeen, nameOf, pausedWords, qualityWords, stateText, tileLabel } from "./words";

export interface PersonTileProps {
  tile: GroupTile;
  /** Shown large now: pressing it shows everyone. */
  large?: boolean;
  onPick(): void;
}

/** Stands inside of the list item or the frame that gives it its place. */
export function PersonTile(props: PersonTileProps) {
  const { t } = useI18n();
  let frame!: HTMLDivElement;
  const seen = (): boolean => isSeen(props.tile.camera);
  watchPicture(
    useShown(),
    () => frame,
    () => (props.tile.camera && !props.tile.self ? { participantId: props.tile.participantId, source: "camera" } : null),
  );
  return (
    <div
      class="tile person"
      classList={{ talk: props.tile.speaking, away: props.tile.state !== "connected" || props.tile.camera?.state === "held" }}
      ref={frame}
      data-testid="group-tile"
      data-user={props.tile.username}
      data-speaking={props.tile.speaking}
      data-muted={props.tile.muted}
      data-state={props.tile.state}
      data-camera={props.tile.camera?.state ?? "off"}
    >
      <Show when={!seen()}>
        <span class="face" classList={{ talks: props.tile.speaking }}>
          <Avatar id={props.tile.userId} name={props.tile.username} size={56} />
        </span>
      </Show>
      <Show when={props.tile.camera?.track}>
        {(track) => (
          <Picture
            class={seen() ? "fill" : "fill unseen"}
            track={track()}
            mirrored={props.tile.self}
            label={t("tile.video", { name: nameOf(t, props.tile) })}
          />
        )}
      </Show>
      <Show
        when={!props.tile.self}
        fallback={
          <span class="vh" role="img" aria-label={tileLabel(t, props.tile)} />
        }
      >
        <button
          class="tile-hit"
          aria-label={t(props.large ? "tile.small" : "tile.large", { name: tileLabel(t, props.tile) })}
          onClick={() => props.onPick()}
        />
      </Show>
      <span class="tag" aria-hidden="true">
        <Show when={props.tile.muted}>
          <Icon name="micoff" />
        </Show>
        <span class="one">{nameOf(t, props.tile)}</span>
      </span>
      <Marks tile={props.tile} />
    </div>
  );
}

/** At most one mark: what is worst explains the rest. */
function Marks(props: { tile: GroupTile }) {
  const { t } = useI18n();
  const state = (): string => stateText(t, props.tile);
  const paused = () => pausedWords(t, props.tile.camera, nameOf(t, props.tile));
  const quality = () => qualityWords(t, props.tile);
  return (
    <Switch>
      <Match when={state()}>
        {(words) => (
          <span class="tag warn" aria-hidden="true">
            <span class="one">{words()}</span>
          </span>
        )}
      </Match>
      <Match when={paused()}>
        {(words) => (
          <Explain
            class="tag warn mark"
            label={t("paused.ask", { name: nameOf(t, props.tile) })}
            title={words().title}
            why={words().why}
            help={words().help}
            testId="group-paused"
          >
            <Icon name="pause" />
            <span class="one">{words().short}</span>
          </Explain>
        )}
      </Match>
      <Match when={quality()}>
        {(words) => (
          <Explain
            class={`tag warn mark ${props.tile.quality}`}
            label={t("quality.ask", { name: nameOf(t, props.tile), quality: words().title })}
            title={words().title}
            why={words().why}
            help={words().help}
            testId="group-quality"
          >
            <Icon name="pulse" />
            <span class="one">{t(props.tile.quality === "poor" ? "tile.poor" : "tile.weak")}</span>
          </Explain>
        )}
      </Match>
    </Switch>
  );
}
