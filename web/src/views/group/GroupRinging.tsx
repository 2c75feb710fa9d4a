// A group call that rings here, over everything: who calls, in which chat, who is in it. For who is in another call, a line of words.

import { createEffect, on, onCleanup, Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupRing } from "../../stores/group";
import { useHome } from "../context";
import { IncomingCard } from "../IncomingCard";
import { startRinging } from "../ringtone";
import { useCallTitle } from "./names";
import { useLoudRing } from "./ring";
import { isInvitation, namesLine } from "./words";

export function GroupRinging() {
  const { group } = useHome();
  const loud = useLoudRing();
  createEffect(
    on(
      () => loud()?.call ?? null,
      (call) => {
        if (call) onCleanup(startRinging("incoming"));
      },
    ),
  );
  return (
    <Show when={loud()} fallback={<Show when={group.ringing()}>{(ring) => <Notice ring={ring()} />}</Show>}>
      {(ring) => <IncomingGroupCall ring={ring()} />}
    </Show>
  );
}

const TEST_IDS = { card: "group-incoming", answer: "group-answer", voice: "group-answer-voice", decline: "group-decline" };

function IncomingGroupCall(props: { ring: GroupRing }) {
  const { group } = useHome();
  const { t } = useI18n();
  const title = useCallTitle();
  const isInvited = useIsInvited();
  const video = (): boolean => props.ring.type === "video";
  const kind = (): string => {
    if (isInvited(props.ring)) return t(video() ? "group.invites_video" : "group.invites_voice");
    return t(video() ? "group.ring_video" : "group.ring_voice");
  };
  const inside = (): string => {
    const others = group.calls().get(props.ring.chat)?.participants ?? [];
    const names = others.filter((each) => each.userId !== props.ring.from.id).map((each) => each.username);
    return names.length > 0 ? t("group.ring_in", { names: namesLine(t, names, 2) }) : "";
  };
  return (
    <IncomingCard
      from={props.ring.from}
      video={video()}
      testIds={TEST_IDS}
      onAnswer={(camera) => group.join(props.ring.call, { camera })}
      onDecline={() => group.decline()}
    >
      <p class="status">{kind()}</p>
      <p class="muted">
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
    </IncomingCard>
  );
}

function Notice(props: { ring: GroupRing }) {
  const { group } = useHome();
  const { t } = useI18n();
  const title = useCallTitle();
  const isInvited = useIsInvited();
  const words = (): string => {
    const said = { name: props.ring.from.username, chat: title(props.ring.chat) || props.ring.chatName };
    return t(isInvited(props.ring) ? "group.notice_invites" : "group.notice", said);
  };
  return (
    <div class="toasts">
      <div class="toast" role="status" data-testid="group-notice">
        <p>{words()}</p>
        <button class="btn" onClick={() => group.hush()}>
          {t("group.notice_ok")}
        </button>
      </div>
    </div>
  );
}

/** It is this one who is called, and not everybody in the chat. */
function useIsInvited(): (ring: GroupRing) => boolean {
  const { chats, group } = useHome();
  return (ring) => isInvitation(ring.from.id, group.calls().get(ring.chat), chats.row(ring.chat)?.kind);
}
