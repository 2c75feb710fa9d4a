// Where in the client one is, as an address. No address here begins like one of the server's.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { ChatId, UserId } from "../api/wire";

export type Route =
  | { at: "chats" }
  | { at: "chat"; id: ChatId }
  | { at: "people" }
  | { at: "person"; id: UserId }
  | { at: "history" }
  | { at: "settings" }
  | { at: "join"; code: string };

export interface RouteStore {
  route: Accessor<Route>;
  go(route: Route, how?: "push" | "replace"): void;
  /** Goes where the browser's back button goes, or to `fallback` if one came here from outside. */
  back(fallback: Route): void;
}

export function parseRoute(path: string): Route {
  const [first = "", second] = path.split("/").filter(Boolean).map(decode);
  switch (first) {
    case "c":
      return second ? { at: "chat", id: second } : { at: "chats" };
    case "people":
      return second ? { at: "person", id: second } : { at: "people" };
    case "history":
      return { at: "history" };
    case "settings":
      return { at: "settings" };
    case "join":
      return { at: "join", code: second ?? "" };
    default:
      return { at: "chats" };
  }
}

export function pathOf(route: Route): string {
  switch (route.at) {
    case "chats":
      return "/";
    case "chat":
      return `/c/${encodeURIComponent(route.id)}`;
    case "people":
      return "/people";
    case "person":
      return `/people/${encodeURIComponent(route.id)}`;
    case "history":
      return "/history";
    case "settings":
      return "/settings";
    case "join":
      return route.code ? `/join/${encodeURIComponent(route.code)}` : "/join";
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function createRouteStore(): RouteStore {
  const [route, setRoute] = createSignal<Route>(parseRoute(location.pathname));
  /** How many of our own pages lie behind this one. */
  const depth = (): number => (history.state as { depth?: number } | null)?.depth ?? 0;
  const onPop = (): void => void setRoute(parseRoute(location.pathname));
  window.addEventListener("popstate", onPop);
  onCleanup(() => window.removeEventListener("popstate", onPop));

  function go(next: Route, how: "push" | "replace" = "push"): void {
    const path = pathOf(next);
    if (path === location.pathname) return;
    if (how === "push") history.pushState({ depth: depth() + 1 }, "", path);
    else history.replaceState({ depth: depth() }, "", path);
    setRoute(next);
  }

  return {
    route,
    go,
    back(fallback) {
      if (depth() > 0) history.back();
      else go(fallback, "replace");
    },
  };
}
