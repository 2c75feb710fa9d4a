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
import { createFold, stagedCall, stagedGroup } from "./fold";
import { ShownContext } from "./group/context";
import { GroupFolded } from "./group/GroupFolded";
import { GroupRinging } from "./group/GroupRinging";
import { GroupSounds } from "./group/GroupSounds";
import { GroupStage } from "./group/GroupStage";
import { useCallTitle } from "./group/names";
import { createShown } from "./group/shown";
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
  const { call, group } = useHome();
  const own = stagedCall(call);
  const shared = stagedGroup(group);
  const ownFold = createFold(own, route.route);
  const sharedFold = createFold(shared, route.route);
  const at = createMemo(() => route.route());
  const staged = createMemo(() => ownFold.onStage() || sharedFold.onStage());
  const roomy = createMemo(() => (sharedFold.onStage() ? shared.withPictures() : ownFold.onStage() && own.withPictures()));
  const hasPage = (): boolean => ["history", "settings"].includes(at().at);
  const [sideClosed, setSideClosed] = createSignal(false);
  const beside = useSideChat();
  const sideChat = createMemo(() => (roomy() && isWide() && !sideClosed() ? beside() : undefined));
  const columns = (): string | undefined => {
    if (sideChat()) return "call";
    return hasPage() || roomy() ? "wide" : undefined;
  };
  const chatToggle = () => (isWide() && beside() ? { open: !sideClosed(), toggle: () => setSideClosed(!sideClosed()) } : null);
  useShellTitle();

  return (
    <ShownContext.Provider value={createShown(group.show)}>
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
          <Switch fallback={<Main route={at()} />}>
            <Match when={sharedFold.onStage()}>
              <GroupStage onFold={sharedFold.fold} chat={chatToggle()} />
            </Match>
            <Match when={ownFold.onStage()}>
              <CallStage onFold={ownFold.fold} />
            </Match>
          </Switch>
          <Show when={sideChat()} keyed>
            {(id) => <SideChat chatId={id} onClose={() => setSideClosed(true)} />}
          </Show>
          <Show when={sharedFold.folded()}>
            <GroupFolded onUnfold={sharedFold.unfold} />
          </Show>
          <Show when={ownFold.folded()}>
            <CallTile onUnfold={ownFold.unfold} />
          </Show>
          <CallOver />
          <GroupRinging />
          <GroupSounds />
        </div>
      </div>
    </ShownContext.Provider>
  );
}

/** What rings, what goes on, what is unread: for who looks at the tabs alone. */
function useShellTitle(): void {
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
