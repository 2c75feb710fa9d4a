// Says that the camera was wanted and could not be had.

import { Show } from "solid-js";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { useHome } from "./context";

export function CameraFault() {
  const { call } = useHome();
  const { t } = useI18n();
  return (
    <Show when={call.media().cameraFault}>
      <p class="muted" role="alert">
        <Icon name="videooff" size="s" /> {t("cam.fault")}
      </p>
    </Show>
  );
}
