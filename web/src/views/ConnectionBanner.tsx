// What is wrong between here and the server, and whether a new version waits.

import { createSignal, Match, onMount, Show, Switch } from "solid-js";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { useHome } from "./context";
import { Interrupted } from "./group/Interrupted";
import { watchForUpdate } from "./update";

export function ConnectionBanner() {
  const { connection } = useHome();
  const { t } = useI18n();
  return (
    <div class="banners">
      <div role="status" data-testid="connection" data-state={connection()}>
        <Switch>
          <Match when={connection() === "lost"}>
            <p class="bar-conn">
              <Icon name="alert" size="s" />
              {t("conn.lost")}
            </p>
          </Match>
          <Match when={connection() === "offline"}>
            <p class="bar-conn">
              <Icon name="alert" size="s" />
              {t("conn.offline")}
            </p>
          </Match>
          <Match when={connection() === "back"}>
            <p class="bar-conn ok">
              <Icon name="check" size="s" />
              {t("conn.back")}
            </p>
          </Match>
        </Switch>
      </div>
      <Interrupted />
      <UpdateBanner />
    </div>
  );
}

function UpdateBanner() {
  const { call, group } = useHome();
  const { t } = useI18n();
  const [update, setUpdate] = createSignal<(() => void) | null>(null);
  onMount(() => watchForUpdate((apply) => setUpdate(() => apply)));
  return (
    <Show when={call.phase().kind === "idle" && group.phase().kind === "idle" && update()}>
      {(apply) => (
        <p class="bar-conn ok" role="status">
          {t("app.update")}
          <button class="btn" onClick={() => apply()()}>
            {t("app.update_now")}
          </button>
        </p>
      )}
    </Show>
  );
}
