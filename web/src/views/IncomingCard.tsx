// Somebody calls, over everything: a full screen on a phone, a card on a desktop.

import { createUniqueId, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { Person } from "../api/wire";
import { useI18n } from "../i18n";
import { CallButton } from "../ui/CallButton";
import { Icon } from "../ui/Icon";
import { Rings } from "../ui/Rings";
import { holdFocus, isTyping } from "./keys";

export interface IncomingCardProps {
  from: Person;
  video: boolean;
  /** The answer is under way. */
  busy?: boolean;
  /** What kind of call it is, and what else there is to know. */
  children: JSX.Element;
  testIds: { card: string; answer: string; voice: string; decline: string };
  onAnswer(camera: boolean): void;
  onDecline(): void;
}

export function IncomingCard(props: IncomingCardProps) {
  const { t } = useI18n();
  const id = createUniqueId();
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
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-words`}
      ref={card}
      data-testid={props.testIds.card}
      onKeyDown={(event) => event.key === "Tab" && holdFocus(event, card)}
    >
      <div class="centre">
        <Rings id={props.from.id} name={props.from.username} count={props.busy ? 1 : 3} />
        <h1 id={`${id}-name`}>{props.from.username}</h1>
        <div class="ring-words" id={`${id}-words`}>
          {props.children}
        </div>
      </div>
      <Show when={props.video && !props.busy}>
        <div class="pill-row">
          <button class="pill" onClick={() => props.onAnswer(false)} data-testid={props.testIds.voice}>
            <Icon name="videooff" size="s" />
            {t("call.answer_nocam")}
          </button>
        </div>
      </Show>
      <div class="answer">
        <CallButton icon="end" look="end" text={t("call.decline")} testId={props.testIds.decline} onClick={() => props.onDecline()} />
        <CallButton
          icon={props.video ? "video" : "phone"}
          look="yes"
          text={t("call.answer")}
          label={props.video ? t("call.answer_video") : t("call.answer")}
          testId={props.testIds.answer}
          disabled={props.busy ?? false}
          ref={(button) => (answer = button)}
          onClick={() => props.onAnswer(props.video)}
        />
      </div>
    </div>
  );
}
