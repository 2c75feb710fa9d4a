// Why one is no longer in a group call, and what one can do.

import { onMount, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { stopwatch } from "../../i18n/time";
import { ChatAvatar } from "../ChatAvatar";
import { useHome } from "../context";
import { wayOf, type Over, type Way } from "./way";

export function GroupOver(props: { phase: Over; title: string }) {
  const { chats, group } = useHome();
  const { t } = useI18n();
  const words = useOverWords();
  const living = () => group.calls().get(props.phase.chat);
  const way = (): Way => wayOf(props.phase, living() !== undefined);
  const camera = (): boolean => props.phase.type === "video";
  function enter(): void {
    const call = living();
    if (call) group.join(call.id, { camera: camera() });
    else group.start(props.phase.chat, props.phase.type);
  }
  let close!: HTMLButtonElement;
  onMount(() => close.focus());
  return (
    <>
      <div class="centre" data-testid="group-over" data-reason={props.phase.reason}>
        <div class="calm">
          <Show when={chats.row(props.phase.chat)}>{(row) => <ChatAvatar chat={row()} size={112} />}</Show>
        </div>
        <h1>{props.title}</h1>
        <p class="status" role="alert">
          {words(props.phase, way())}
        </p>
      </div>
      <div class="after-call">
        <Show when={way()}>
          {(way) => (
            <button class="pill yes" onClick={enter} data-testid="group-again">
              {t(way() === "again" ? "retry" : way() === "here" ? "over.here" : "over.again")}
            </button>
          )}
        </Show>
        <button class="pill" ref={close} onClick={() => group.dismiss()} data-testid="group-close">
          {t("close")}
        </button>
      </div>
    </>
  );
}

function useOverWords(): (phase: Over, way: Way) => string {
  const { me, group } = useHome();
  const { t } = useI18n();
  return ({ reason, chat, seconds }, way) => {
    const living = group.calls().get(chat);
    switch (reason) {
      case "left": {
        const others = (living?.participants ?? []).filter((each) => each.userId !== me).length;
        return others > 0 ? t("over.left_goes_on", { n: others }) : t("over.left");
      }
      case "ended":
        return t("end.hangup", { time: seconds === null ? "" : stopwatch(seconds) });
      case "missed":
        return t("over.missed");
      case "cancelled":
        return t("over.ended");
      case "lost":
        return t("end.lost");
      case "moved":
        // This sign-in has left it for another call, or is in it elsewhere.
        return t(living && !living.participants.some((each) => each.userId === me) ? "over.other_call" : "over.moved");
      case "removed":
        return t("over.removed");
      case "full":
        return t("over.full");
      case "locked":
        return t("over.locked");
      case "already":
        return t("end.already");
      case "no_path":
        return t(way ? "over.no_path" : "over.too_late");
      case "failed":
        return t(way ? "over.failed" : "over.too_late");
      case "denied":
      case "missing":
      case "in_use":
        return t(way ? `end.${reason}` : "over.too_late");
      case "insecure":
        return t(`end.${reason}`);
    }
  };
}
