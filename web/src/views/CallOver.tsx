// An incoming call, over everything. And the sounds of calls.

import { createEffect, createMemo, on, onCleanup, Show } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { useHome } from "./context";
import { CallSound } from "./CallSound";
import { IncomingCard } from "./IncomingCard";
import { startRinging } from "./ringtone";

type Incoming = Extract<CallPhase, { kind: "ringing" | "answering" }>;

export function CallOver() {
  const { call } = useHome();
  const incoming = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "ringing" || phase.kind === "answering" ? phase : null;
  });
  const tone = createMemo(() => {
    const phase = call.phase();
    if (phase.kind === "ringing") return "incoming";
    return phase.kind === "calling" && (phase.devices ?? 0) > 0 ? "outgoing" : null;
  });
  createEffect(
    on(tone, (kind) => {
      if (kind) onCleanup(startRinging(kind));
    }),
  );
  return (
    <>
      <Show when={incoming()}>{(phase) => <IncomingCall phase={phase()} />}</Show>
      <CallSound />
    </>
  );
}

const TEST_IDS = { card: "incoming-call", answer: "call-accept", voice: "call-accept-voice", decline: "call-reject" };

function IncomingCall(props: { phase: Incoming }) {
  const { call } = useHome();
  const { t } = useI18n();
  const video = (): boolean => props.phase.type === "video";
  const busy = (): boolean => props.phase.kind === "answering";
  const fault = () => (props.phase.kind === "ringing" ? props.phase.fault : null);
  return (
    <IncomingCard
      from={props.phase.peer}
      video={video()}
      busy={busy()}
      testIds={TEST_IDS}
      onAnswer={call.answer}
      onDecline={() => call.decline()}
    >
      <p class="status muted" role="status">
        {busy() ? t("call.answering") : video() ? t("call.is_calling_video") : t("call.is_calling")}
      </p>
      <Show when={fault()}>
        {(reason) => (
          <p class="status" role="alert">
            {t(`end.${reason()}`)}
          </p>
        )}
      </Show>
    </IncomingCard>
  );
}
