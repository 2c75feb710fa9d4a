// How long a call has lasted.

import { createSignal, onCleanup } from "solid-js";
import { useI18n } from "../i18n";
import { stopwatch } from "../i18n/time";

export function CallTimer(props: { since: number; class: string }) {
  const { t } = useI18n();
  const elapsed = (): number => Math.max(0, Math.floor((performance.now() - props.since) / 1000));
  const [seconds, setSeconds] = createSignal(elapsed());
  const timer = window.setInterval(() => setSeconds(elapsed()), 250);
  onCleanup(() => window.clearInterval(timer));
  return (
    <span class={props.class} role="timer" aria-label={t("call.lasts", { time: stopwatch(seconds()) })} data-testid="call-timer">
      {stopwatch(seconds())}
    </span>
  );
}
