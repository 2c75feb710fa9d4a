// Everyone in the call: the grid with its pages, or one large and the others beside.

import { For, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { useForm } from "../wide";
import { gridOf, type TileKey } from "./layout";
import { PersonTile } from "./PersonTile";
import { ScreenTile } from "./ScreenTile";
import { isScreen, personKey, type StageView } from "./stageView";

export function Pictures(props: { view: StageView }) {
  return (
    <Show when={props.view.large()} fallback={<Grid view={props.view} />}>
      {(large) => <Large view={props.view} large={large()} />}
    </Show>
  );
}

function Grid(props: { view: StageView }) {
  const { t } = useI18n();
  const form = useForm();
  const grid = () => gridOf(props.view.keys().length, form());
  return (
    <>
      <ul
        class="grid"
        classList={{ dense: grid().columns > 2 }}
        style={{ "--columns": String(grid().columns * 2), "--rows": String(grid().rows) }}
        aria-label={t("stage.pictures")}
      >
        <For each={props.view.keys()}>
          {(key, index) => (
            <li style={{ "grid-column": `${grid().starts[index()] ?? 1} / span 2` }}>
              <Tile view={props.view} key={key} />
            </li>
          )}
        </For>
      </ul>
      <Pager view={props.view} />
    </>
  );
}

function Large(props: { view: StageView; large: TileKey }) {
  const { t } = useI18n();
  return (
    <div class="focus" classList={{ sharing: isScreen(props.large) }}>
      <div class="large">
        {/* By its key: another person's picture is another element. */}
        <Show when={props.large} keyed>
          {(key) => <Tile view={props.view} key={key} large />}
        </Show>
      </div>
      <Show when={props.view.keys().length > 0}>
        <ul class="strip" aria-label={t("stage.others")}>
          <For each={props.view.keys()}>
            {(key) => (
              <li>
                <Tile view={props.view} key={key} />
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
}

function Tile(props: { view: StageView; key: TileKey; large?: boolean }) {
  const pick = (): void => props.view.pick(props.key);
  return (
    <Show when={props.view.tile(props.key)}>
      {(tile) => (
        <Show
          when={isScreen(props.key)}
          fallback={<PersonTile tile={tile()} large={props.large ?? false} onPick={pick} />}
        >
          <ScreenTile tile={tile()} large={props.large ?? false} onPick={pick} />
        </Show>
      )}
    </Show>
  );
}

function Pager(props: { view: StageView }) {
  const { t } = useI18n();
  const { view } = props;
  return (
    <Show when={view.pages() > 1}>
      <nav class="pager" aria-label={t("stage.pages")}>
        <button class="ib" aria-label={t("stage.page_back")} disabled={view.page() === 0} onClick={() => view.turnTo(view.page() - 1)}>
          <Icon name="back" />
        </button>
        <span class="num sm" role="status">
          {t("stage.page", { n: view.page() + 1, of: view.pages() })}
        </span>
        <button
          class="ib"
          aria-label={t("stage.page_next")}
          disabled={view.page() === view.pages() - 1}
          onClick={() => view.turnTo(view.page() + 1)}
        >
          <Icon name="next" />
        </button>
        <Show when={view.speaksElsewhere()}>
          {(tile) => (
            <button class="pill one" onClick={() => view.turnToKey(personKey(tile().userId))}>
              <Icon name="sound" size="s" />
              <span class="one">{t("stage.speaks", { name: tile().username })}</span>
            </button>
          )}
        </Show>
      </nav>
    </Show>
  );
}
