// Everything of one signed-in user: opens the connection, builds the stores, closes both on leaving.

import { createEffect, onCleanup } from "solid-js";
import { clock, exclusively } from "../api/browser";
import type { Api } from "../api/client";
import { connect } from "../api/socket";
import type { Tokens } from "../api/tokens";
import type { UserId } from "../api/wire";
import { createDevices } from "../rtc/devices";
import { createCallStore, createHistoryStore } from "../stores/calls";
import { createChatsStore } from "../stores/chats";
import { browserNetwork, createConnectionStore } from "../stores/connection";
import { createDrafts } from "../stores/drafts";
import { createOutbox, outboxStorage } from "../stores/outbox";
import { createPeopleStore } from "../stores/people";
import { HomeContext, useApp, type HomeStores } from "./context";
import { exposeForDiagnosis, guardPage, keepAwake } from "./page";
import { Shell } from "./Shell";

export function Home(props: { api: Api; tokens: Tokens; me: UserId }) {
  const { session, route } = useApp();
  const { api, tokens, me } = props;
  const connection = connect(location.origin, tokens, () => tokens.clear());
  onCleanup(() => connection.close());

  const chats = createChatsStore({ api, events: connection.chat, me, after: clock.after });
  const people = createPeopleStore({ api, events: connection.chat, me, after: clock.after });
  const outbox = createOutbox({
    api,
    storage: outboxStorage(`zvonilka.outbox.${me}`),
    exclusive: exclusively(`zvonilka.outbox.${me}`),
    newId: newClientId,
    now: () => new Date().toISOString(),
    after: clock.after,
    onSent: (message) => chats.sent(message),
  });
  const call = createCallStore({
    api,
    channel: connection.calls,
    devices: createDevices(),
    createConnection: (configuration) => new RTCPeerConnection(configuration),
    ...clock,
  });
  const stores: HomeStores = {
    me,
    name: () => session.account()?.username ?? "",
    chats,
    people,
    outbox,
    drafts: createDrafts(`zvonilka.drafts.${me}`),
    call,
    history: createHistoryStore(api),
    connection: createConnectionStore({ connection, network: browserNetwork, after: clock.after, onUp: () => outbox.wake() }),
  };
  exposeForDiagnosis(call);
  guardPage(call);
  keepAwake(call);
  createEffect(() => {
    if (route.route().at === "join") route.go({ at: "chats" }, "replace");
  });

  return (
    <HomeContext.Provider value={stores}>
      <Shell />
    </HomeContext.Provider>
  );
}

/** `crypto.randomUUID` exists in secure contexts alone. */
function newClientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
