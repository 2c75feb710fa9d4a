// Which microphone, camera and speaker are used: taken by a living call at once.

import { Show } from "solid-js";
import type { Device, DeviceKind } from "../../stores/devices";
import { useI18n } from "../../i18n";
import type { IconName } from "../../ui/icons";
import { SelectField } from "../../ui/SelectField";
import { useHome } from "../context";

export function DeviceFields() {
  const { devices } = useHome();
  const { t } = useI18n();
  return (
    <div class="stack tight devices">
      <Choice kind="microphone" icon="mic" label={t("dev.microphone")} list={devices.microphones()} />
      <Choice kind="camera" icon="video" label={t("dev.camera")} list={devices.cameras()} />
      {/* Where the browser leaves the choice to the system, none is offered. */}
      <Show when={devices.speakers().length > 0}>
        <Choice kind="speaker" icon="sound" label={t("dev.speaker")} list={devices.speakers()} />
      </Show>
    </div>
  );
}

/** What browsers list beside the devices for "as in the system". */
const ALIASES: ReadonlySet<string> = new Set(["default", "communications", ""]);

function Choice(props: { kind: DeviceKind; icon: IconName; label: string; list: readonly Device[] }) {
  const { devices } = useHome();
  const { t } = useI18n();
  const real = () => props.list.filter((device) => !ALIASES.has(device.id));
  const value = (): string => {
    const id = devices.chosen()[props.kind];
    return real().some((device) => device.id === id) ? (id ?? "") : "";
  };
  const options = () => [
    { value: "", label: t("dev.default") },
    ...real().map((device, index) => ({ value: device.id, label: device.label || t("dev.unnamed", { n: index + 1 }) })),
  ];
  return (
    <SelectField
      label={props.label}
      icon={props.icon}
      value={value()}
      options={options()}
      testId={`device-${props.kind}`}
      onChange={(id) => devices.choose(props.kind, id === "" ? null : id)}
    />
  );
}
