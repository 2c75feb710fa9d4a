// Whether one is heard: bars that move, and the same in words.

import { createSignal, onCleanup, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { Meter } from "../../ui/Meter";
import { useHome } from "../context";

export function MicrophoneMeter() {
  const { group } = useHome();
  const { t } = useI18n();
  const meter = group.openMeter();
  onCleanup(meter.close);
  const [heard, setHeard] = createSignal(false);
  const words = (): string => {
    const phase = group.phase();
    if (phase.kind === "ready" && !phase.open) return t("green.preparing");
    if (group.self().muted) return t("meter.muted");
    return heard() ? t("meter.heard") : t("meter.quiet");
  };
  return (
    <div class="meter-line">
      <Show when={!group.self().muted}>
        <Meter level={meter.level} onHeard={() => setHeard(true)} />
      </Show>
      <p class="sm muted" role="status">
        {words()}
      </p>
    </div>
  );
}
