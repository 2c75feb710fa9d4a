// After a reload of the page: whether one wants back into the call it was in.

import { Show } from "solid-js";
import { useI18n } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { useIsEngaged } from "../free";
import { useCallTitle } from "./names";

export function Interrupted() {
  const { group } = useHome();
  const { t } = useI18n();
  const titleOf = useCallTitle();
  const isEngaged = useIsEngaged();
  return (
    <Show when={!isEngaged() && group.interrupted()}>
      {(call) => (
        <section class="live slim" role="alert" data-testid="group-interrupted">
          <span class="beat">
            <Icon name={call().type === "video" ? "video" : "phone"} />
          </span>
          <div class="grow">
            <p>{t("back.title")}</p>
            <p class="sm">{titleOf(call().chatId)}</p>
          </div>
          <button class="btn" onClick={() => group.forgetInterrupted()} data-testid="group-forget">
            {t("back.no")}
          </button>
          <button
            class="btn primary"
            onClick={() => group.join(call().id, { camera: call().type === "video" })}
            data-testid="group-return"
          >
            {t("back.yes")}
          </button>
        </section>
      )}
    </Show>
  );
}
