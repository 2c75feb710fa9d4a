// The sections: below on a phone, at the left on a desktop.

import { Show } from "solid-js";
import { useI18n } from "../i18n";
import type { Route } from "../stores/route";
import { Icon, Logo } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { useApp, useHome } from "./context";
import { Link } from "./Link";

type Section = "chats" | "people" | "history" | "settings";

function sectionOf(route: Route): Section {
  switch (route.at) {
    case "chats":
    case "chat":
    case "join":
      return "chats";
    case "people":
    case "person":
      return "people";
    case "history":
      return "history";
    case "settings":
      return "settings";
  }
}

export function Nav() {
  const { chats } = useHome();
  const { t } = useI18n();
  return (
    <nav class="nav" aria-label={t("nav.label")}>
      <span class="logo">
        <Logo size={44} />
      </span>
      <Item section="chats" icon="chats" text={t("nav.chats")} count={chats.unread()} />
      <Item section="people" icon="people" text={t("nav.people")} count={0} />
      <Item section="history" icon="calls" text={t("nav.calls")} count={0} />
      <Item section="settings" icon="sliders" text={t("nav.settings")} count={0} />
    </nav>
  );
}

function Item(props: { section: Section; icon: IconName; text: string; count: number }) {
  const { route } = useApp();
  const { t } = useI18n();
  return (
    <Link
      to={{ at: props.section }}
      aria-current={sectionOf(route.route()) === props.section ? "page" : undefined}
      testId={`nav-${props.section}`}
    >
      <span>
        <Icon name={props.icon} />
        <Show when={props.count > 0}>
          <span class="badge" role="img" aria-label={t("chats.unread", { n: props.count })}>
            {props.count > 99 ? "99+" : props.count}
          </span>
        </Show>
      </span>
      {props.text}
    </Link>
  );
}
