// The stores that screens read.

import { createContext, useContext } from "solid-js";
import type { HomeStores } from "../stores/home";
import type { RouteStore } from "../stores/route";
import type { SessionStore } from "../stores/session";
import type { ThemeStore } from "../stores/theme";

/** There from the first moment. */
export interface AppStores {
  session: SessionStore;
  route: RouteStore;
  theme: ThemeStore;
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
