// Why a call is over, and what one can do.

import { onMount, Show } from "solid-js";
import type { CallPhase, EndReason } from "../rtc/call";
import { useI18n } from "../i18n";
import { moment, stopwatch } from "../i18n/time";
import { Avatar } from "../ui/Avatar";
import { useHome } from "./context";
import { now } from "./now";

type Ended = Extract<CallPhase, { kind: "ended" }>;

const RETRY: ReadonlySet<EndReason> = new Set(["denied", "missing", "in_use", "failed"]);
const AGAIN: ReadonlySet<EndReason> = new Set(["no_answer", "lost", "no_path", "busy", "rejected"]);

export function CallEnded(props: { phase: Ended }) {
  const { call } = useHome();
  const { t } = useI18n();
  const words = useEndWords();
  let close!: HTMLButtonElement;
  onMount(() => close.focus());
  return (
    <>
      <div class="centre">
        <div class="calm">
          <Avatar id={props.phase.peer.id} name={props.phase.peer.username} size={128} />
        </div>
        <h1>{props.phase.peer.username}</h1>
        <p class="status" role="alert" data-testid="call-status" data-reason={props.phase.reason}>
          {words(props.phase)}
        </p>
      </div>
      <div class="after-call">
        <Show when={RETRY.has(props.phase.reason) || AGAIN.has(props.phase.reason)}>
          <button class="pill yes" onClick={() => call.dial(props.phase.peer, props.phase.type)} data-testid="call-again">
            {RETRY.has(props.phase.reason) ? t("retry") : t("call.again")}
          </button>
        </Show>
        <button class="pill" ref={close} onClick={() => call.dismiss()} data-testid="call-close">
          {t("close")}
        </button>
      </div>
    </>
  );
}

function useEndWords(): (phase: Ended) => string {
  const { t, language } = useI18n();
  const { people } = useHome();
  return ({ reason, peer, devices, seconds }) => {
    const name = peer.username;
    switch (reason) {
      case "hangup":
        return t("end.hangup", { time: seconds === null ? "" : stopwatch(seconds) });
      case "no_answer": {
        if (devices !== 0) return t("end.no_answer", { name });
        const seen = people.find(peer.id)?.lastSeenAt ?? null;
        return t("end.offline", { name, time: seen === null ? "" : moment(t, language(), new Date(seen), now()) });
      }
      case "rejected":
        return t("end.rejected", { name });
      case "elsewhere":
        return t("end.elsewhere");
      case "lost":
        return t("end.lost");
      case "no_path":
        return t("end.no_path");
      case "busy":
        return t("end.busy", { name });
      case "already":
        return t("end.already");
      case "failed":
        return t("end.failed");
      case "denied":
        return t("end.denied");
      case "missing":
        return t("end.missing");
      case "in_use":
        return t("end.in_use");
      case "insecure":
        return t("end.insecure");
    }
  };
}
