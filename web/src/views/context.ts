// The stores that screens read.

import { createContext, useContext } from "solid-js";
import type { CallStore } from "../stores/calls";
import type { ChatsStore } from "../stores/chats";
import type { ConnectionState } from "../stores/connection";
import type { DraftsStore } from "../stores/drafts";
import type { HistoryStore } from "../stores/calls";
import type { OutboxStore } from "../stores/outbox";
import type { PeopleStore } from "../stores/people";
import type { RouteStore } from "../stores/route";
import type { SessionStore } from "../stores/session";
import type { ThemeStore } from "../stores/theme";
import type { UserId } from "../api/wire";

/** There from the first moment. */
export interface AppStores {
  session: SessionStore;
  route: RouteStore;
  theme: ThemeStore;
}

/** There while someone is signed in. */
export interface HomeStores {
  me: UserId;
  name: () => string;
  chats: ChatsStore;
  people: PeopleStore;
  outbox: OutboxStore;
  drafts: DraftsStore;
  call: CallStore;
  history: HistoryStore;
  connection: () => ConnectionState;
}

export const AppContext = createContext<AppStores>();
export const HomeContext = createContext<HomeStores>();

export function useApp(): AppStores {
  const stores = useContext(AppContext);
  if (!stores) throw new Error("outside of AppContext");
  return stores;
}

export function useHome(): HomeStores {
  const stores = useContext(HomeContext);
  if (!stores) throw new Error("outside of HomeContext");
  return stores;
}
