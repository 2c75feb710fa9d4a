// The call while nobody else is in it: who is being called, and oneself in the corner.

import { For, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { Picture } from "../Picture";
import { useNameOf } from "./names";
import { namesLine } from "./words";

/** So many faces are in sight; the words name the rest. */
const FACES = 6;

export function Alone(props: { onInvite(): void }) {
  const { group } = useHome();
  const { t } = useI18n();
  const nameOf = useNameOf();
  const ringing = () => (group.current()?.ringing ?? []).filter((user) => nameOf(user) !== "");
  return (
    <>
      <div class="centre alone">
        <Show
          when={ringing().length > 0}
          fallback={
            <>
              <h2>{t("stage.alone")}</h2>
              <p class="muted">{t("stage.alone_hint")}</p>
              <button class="pill" onClick={() => props.onInvite()}>
                <Icon name="adduser" size="s" />
                {t("panel.call")}
              </button>
            </>
          }
        >
          <ul class="called" aria-hidden="true">
            <For each={ringing().slice(0, FACES)}>
              {(user) => (
                <li class="rings">
                  <span class="ring" />
                  <Avatar id={user} name={nameOf(user)} size={60} />
                </li>
              )}
            </For>
          </ul>
          <p class="status" role="status" data-testid="group-calling">
            {t("stage.calling", { names: namesLine(t, ringing().map(nameOf)) })}
          </p>
        </Show>
      </div>
      <Show when={group.self().camera}>
        {(track) => (
          <div class="self-slot">
            <div class="tile selfv">
              <Picture class="fill" track={track()} mirrored label={t("call.video_self")} testId="group-self-video" />
            </div>
          </div>
        )}
      </Show>
    </>
  );
}
