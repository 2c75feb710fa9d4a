// The frame of the home: sections, list, conversation; banners above, calls over all.

import { createMemo, createSignal, Match, Show, Switch } from "solid-js";
import { useI18n } from "../i18n";
import type { Route } from "../stores/route";
import { CallOver } from "./CallOver";
import { CallStage } from "./CallStage";
import { CallTile } from "./CallTile";
import { ChatList } from "./ChatList";
import { ChatView } from "./ChatView";
import { ConnectionBanner } from "./ConnectionBanner";
import { useApp, useHome } from "./context";
import { createFold } from "./fold";
import { History } from "./History";
import { Nav } from "./Nav";
import { usePageTitle } from "./page";
import { PeopleList } from "./PeopleList";
import { PersonView } from "./PersonView";
import { Settings } from "./Settings";
import { SideChat, useSideChat } from "./SideChat";
import { isWide } from "./wide";

export function Shell() {
  const { route } = useApp();
  const { call, chats } = useHome();
  const { t } = useI18n();
  const fold = createFold(call, route.route);
  const at = createMemo(() => route.route());
  const staged = createMemo(() => fold.onStage());
  const hasPage = (): boolean => ["history", "settings"].includes(at().at);
  const [sideClosed, setSideClosed] = createSignal(false);
  const beside = useSideChat(call.phase);
  const sideChat = createMemo(() => (staged() && isWide() && fold.withPictures() && !sideClosed() ? beside()?.id : undefined));

  const columns = (): string | undefined => {
    if (sideChat()) return "call";
    return hasPage() || (staged() && fold.withPictures()) ? "wide" : undefined;
  };

  usePageTitle(() => {
    const phase = call.phase();
    if (phase.kind === "ringing") return t("call.incoming_title", { name: phase.peer.username });
    if (phase.kind === "active") return t("call.live", { name: phase.peer.username });
    return chats.unread() > 0 ? `(${chats.unread()}) ${t("app.name")}` : t("app.name");
  });

  return (
    <div class="frame">
      <ConnectionBanner />
      <div
        class="app"
        data-show={staged() || !isList(at()) ? "main" : "list"}
        data-tab={hasPage() && !staged() ? "" : undefined}
        data-cols={columns()}
      >
        <Nav />
        <Lists route={at()} />
        <Show when={staged()} fallback={<Main route={at()} />}>
          <CallStage onFold={fold.fold} />
        </Show>
        <Show when={sideChat()} keyed>
          {(id) => <SideChat chatId={id} onClose={() => setSideClosed(true)} />}
        </Show>
        <Show when={fold.folded()}>
          <CallTile onUnfold={fold.unfold} />
        </Show>
        <CallOver />
      </div>
    </div>
  );
}

function isList(route: Route): boolean {
  return route.at === "chats" || route.at === "people" || route.at === "join";
}

function Lists(props: { route: Route }) {
  return (
    <Switch>
      <Match when={props.route.at === "people" || props.route.at === "person"}>
        <PeopleList />
      </Match>
      <Match when={props.route.at !== "history" && props.route.at !== "settings"}>
        <ChatList />
      </Match>
    </Switch>
  );
}

function Main(props: { route: Route }) {
  const { t } = useI18n();
  const chat = createMemo(() => (props.route.at === "chat" ? props.route.id : null));
  const person = createMemo(() => (props.route.at === "person" ? props.route.id : null));
  return (
    <Switch
      fallback={
        <main class="pane main plain">
          <div class="empty pick">
            <p>{props.route.at === "people" ? t("people.pick") : t("chats.pick")}</p>
          </div>
        </main>
      }
    >
      <Match when={chat()} keyed>
        {(id) => <ChatView id={id} />}
      </Match>
      <Match when={person()} keyed>
        {(id) => <PersonView id={id} />}
      </Match>
      <Match when={props.route.at === "history"}>
        <History />
      </Match>
      <Match when={props.route.at === "settings"}>
        <Settings />
      </Match>
    </Switch>
  );
}
