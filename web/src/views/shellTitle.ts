// The title of the page.

import { useI18n } from "../i18n";
import { useHome } from "./context";
import { useCallTitle } from "./group/names";
import { usePageTitle } from "./page";

/** What rings, what goes on, what is unread: for who looks at the tabs alone. */
export function useShellTitle(): void {
  const { call, chats, group } = useHome();
  const { t } = useI18n();
  const titleOf = useCallTitle();
  usePageTitle(() => {
    const phase = call.phase();
    const shared = group.phase();
    const ring = group.ringing();
    if (ring && !ring.busy) return t("call.incoming_title", { name: ring.from.username });
    if (phase.kind === "ringing") return t("call.incoming_title", { name: phase.peer.username });
    if (shared.kind === "active") return t("call.live", { name: titleOf(shared.chat) });
    if (phase.kind === "active") return t("call.live", { name: phase.peer.username });
    return chats.unread() > 0 ? `(${chats.unread()}) ${t("app.name")}` : t("app.name");
  });
}
