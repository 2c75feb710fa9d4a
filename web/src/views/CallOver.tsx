// An incoming call, over everything: a full screen on a phone, a card on a desktop. And the sounds of calls.

import { createEffect, createMemo, on, onCleanup, onMount, Show } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { CallButton } from "../ui/CallButton";
import { Icon } from "../ui/Icon";
import { Rings } from "../ui/Rings";
import { useHome } from "./context";
import { CallSound } from "./CallSound";
import { holdFocus, isTyping } from "./keys";
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

function IncomingCall(props: { phase: Incoming }) {
  const { call } = useHome();
  const { t } = useI18n();
  const video = (): boolean => props.phase.type === "video";
  const busy = (): boolean => props.phase.kind === "answering";
  const fault = () => (props.phase.kind === "ringing" ? props.phase.fault : null);
  let answer!: HTMLButtonElement;
  let card!: HTMLDivElement;

  onMount(() => {
    const before = document.activeElement;
    if (!isTyping()) answer.focus();
    onCleanup(() => before instanceof HTMLElement && before.isConnected && before.focus());
  });

  return (
    <div
      class="stage over card-top"
      role="alertdialog"
      aria-modal="true"
      aria-labelledby="incoming-name"
      aria-describedby="incoming-kind"
      ref={card}
      data-testid="incoming-call"
      onKeyDown={(event) => event.key === "Tab" && holdFocus(event, card)}
    >
      <div class="centre">
        <Rings id={props.phase.peer.id} name={props.phase.peer.username} count={busy() ? 1 : 3} />
        <h1 id="incoming-name">{props.phase.peer.username}</h1>
        <p class="status muted" id="incoming-kind" role="status">
          {busy() ? t("call.answering") : video() ? t("call.is_calling_video") : t("call.is_calling")}
        </p>
        <Show when={fault()}>
          {(reason) => (
            <p class="status" role="alert">
              {t(`end.${reason()}`)}
            </p>
          )}
        </Show>
      </div>
      <Show when={video() && !busy()}>
        <div class="pill-row">
          <button class="pill" onClick={() => call.answer(false)} data-testid="call-accept-voice">
            <Icon name="videooff" size="s" />
            {t("call.answer_nocam")}
          </button>
        </div>
      </Show>
      <div class="answer">
        <CallButton icon="end" look="end" text={t("call.decline")} testId="call-reject" onClick={() => call.decline()} />
        <CallButton
          icon={video() ? "video" : "phone"}
          look="yes"
          text={t("call.answer")}
          label={video() ? t("call.answer_video") : t("call.answer")}
          testId="call-accept"
          disabled={busy()}
          ref={(button) => (answer = button)}
          onClick={() => call.answer(video())}
        />
      </div>
    </div>
  );
}
