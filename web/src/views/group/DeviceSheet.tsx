// The devices, while a call goes on.

import { onMount } from "solid-js";
import { useI18n } from "../../i18n";
import { Dialog } from "../../ui/Dialog";
import { useHome } from "../context";
import { DeviceFields } from "./DeviceFields";
import { MicrophoneMeter } from "./MicrophoneMeter";

export function DeviceSheet(props: { open: boolean; onClose(): void }) {
  const { t } = useI18n();
  return (
    <Dialog open={props.open} title={t("dev.title")} close={t("close")} onClose={props.onClose}>
      <Inside />
    </Dialog>
  );
}

function Inside() {
  const { devices } = useHome();
  // What was plugged in meanwhile may not have been told.
  onMount(() => devices.refresh());
  return (
    <div class="stack sheet-list plain-list" data-testid="device-sheet">
      <DeviceFields />
      <MicrophoneMeter />
    </div>
  );
}
