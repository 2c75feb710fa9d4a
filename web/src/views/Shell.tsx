// The frame of the home: sections, list, conversation; banners above, calls over all.

import { createEffect, createMemo, createSignal, Match, on, Show, Switch } from "solid-js";
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
import { createShown } from "./group/shown";
import { History } from "./history/History";
import { Nav } from "./Nav";
import { PeopleList } from "./PeopleList";
import { PersonView } from "./PersonView";
import { Settings } from "./Settings";
import { useShellTitle } from "./shellTitle";
import { SideChat, useSideChat } from "./SideChat";
import { isWide } from "./wide";

export function Shell() {
  const { route } = useApp();
  const { call, group } = useHome();
  const shown = createShown(group.show);
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
  // The room before a call, and the word on how one ended, are left by going elsewhere.
  createEffect(on(route.route, () => ["ready", "over"].includes(group.phase().kind) && group.dismiss(), { defer: true }));
  useShellTitle();

  return (
    <ShownContext.Provider value={shown}>
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
