// A group call that rings here, over everything: who calls, in which chat, who is in it. For who is in another call, a line of words.

import { createEffect, createMemo, on, onCleanup, onMount, Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupRing } from "../../stores/group";
import { CallButton } from "../../ui/CallButton";
import { Icon } from "../../ui/Icon";
import { Rings } from "../../ui/Rings";
import { useHome } from "../context";
import { holdFocus, isTyping } from "../keys";
import { startRinging } from "../ringtone";
import { useCallTitle } from "./names";
import { namesLine } from "./words";

export function GroupRinging() {
  const { group } = useHome();
  const loud = createMemo(() => {
    const ring = group.ringing();
    return ring && !ring.busy ? ring : null;
  });
  const quiet = createMemo(() => {
    const ring = group.ringing();
    return ring?.busy ? ring : null;
  });
  createEffect(
    on(
      () => loud()?.call ?? null,
      (call) => {
        if (call) onCleanup(startRinging("incoming"));
      },
    ),
  );
  return (
    <>
      <Show when={loud()}>{(ring) => <IncomingGroupCall ring={ring()} />}</Show>
      <Show when={quiet()}>{(ring) => <Notice ring={ring()} />}</Show>
    </>
  );
}

function IncomingGroupCall(props: { ring: GroupRing }) {
  const { group } = useHome();
  const { t } = useI18n();
  const title = useCallTitle();
  const video = (): boolean => props.ring.type === "video";
  const inside = (): string => {
    const others = group.calls().get(props.ring.chat)?.participants ?? [];
    const names = others.filter((each) => each.userId !== props.ring.from.id).map((each) => each.username);
    return names.length > 0 ? t("group.ring_in", { names: namesLine(t, names, 2) }) : "";
  };
  const answer = (camera: boolean): void => group.join(props.ring.call, { camera });
  let yes!: HTMLButtonElement;
  let card!: HTMLDivElement;
  onMount(() => {
    const before = document.activeElement;
    if (!isTyping()) yes.focus();
    onCleanup(() => before instanceof HTMLElement && before.isConnected && before.focus());
  });
  return (
    <div
      class="stage over card-top"
      role="alertdialog"
      aria-modal="true"
      aria-labelledby="group-ring-name"
      aria-describedby="group-ring-kind group-ring-chat"
      ref={card}
      data-testid="group-incoming"
      onKeyDown={(event) => event.key === "Tab" && holdFocus(event, card)}
    >
      <div class="centre">
        <Rings id={props.ring.from.id} name={props.ring.from.username} count={3} />
        <h1 id="group-ring-name">{props.ring.from.username}</h1>
        <p class="status" id="group-ring-kind">
          {video() ? t("group.ring_video") : t("group.ring_voice")}
        </p>
        <p class="muted" id="group-ring-chat">
          {t("group.ring_chat", { chat: title(props.ring.chat) || props.ring.chatName })}
          <Show when={inside()}>
            {(line) => (
              <>
                <br />
                {line()}
              </>
            )}
          </Show>
        </p>
      </div>
      <Show when={video()}>
        <div class="pill-row">
          <button class="pill" onClick={() => answer(false)} data-testid="group-answer-voice">
            <Icon name="videooff" size="s" />
            {t("call.answer_nocam")}
          </button>
        </div>
      </Show>
      <div class="answer">
        <CallButton icon="end" look="end" text={t("call.decline")} testId="group-decline" onClick={() => group.decline()} />
        <CallButton
          icon={video() ? "video" : "phone"}
          look="yes"
          text={t("call.answer")}
          label={video() ? t("call.answer_video") : t("call.answer")}
          testId="group-answer"
          ref={(button) => (yes = button)}
          onClick={() => answer(video())}
        />
      </div>
    </div>
  );
}

function Notice(props: { ring: GroupRing }) {
  const { group } = useHome();
  const { t } = useI18n();
  const title = useCallTitle();
  return (
    <div class="toasts">
      <div class="toast" role="status" data-testid="group-notice">
        <p>{t("group.notice", { name: props.ring.from.username, chat: title(props.ring.chat) || props.ring.chatName })}</p>
        <button class="btn" onClick={() => group.decline()}>
          {t("group.notice_ok")}
        </button>
      </div>
    </div>
  );
}
