// The state of the path between two people, in words.

import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";

/** Nothing while all is well. */
export function usePath(): (phase: Extract<CallPhase, { kind: "active" }>) => string {
  const { t } = useI18n();
  return (phase) => {
    if (phase.path === "connecting") return t("call.connecting");
    if (phase.path === "restoring") return phase.peerLost ? t("call.peer_lost", { name: phase.peer.username }) : t("call.reconnect");
    return "";
  };
}
