import { describe, expect, it } from "vitest";
import { parseRoute, pathOf, type Route } from "./route";

/** First path segments of the server's own addresses. */
const SERVER = [
  "auth",
  "users",
  "chats",
  "messages",
  "calls",
  "invitation-codes",
  "files",
  "notifications",
  "health",
  "api-docs",
  "socket.io",
  "assets",
];

const ROUTES: Route[] = [
  { at: "chats" },
  { at: "chat", id: "01a2-b" },
  { at: "people" },
  { at: "person", id: "01a2-b" },
  { at: "history" },
  { at: "settings" },
  { at: "join", code: "7KQ4-MX2P" },
  { at: "join", code: "" },
];

describe("an address", () => {
  it("leads to the place that it was made from", () => {
    for (const route of ROUTES) expect(parseRoute(pathOf(route))).toEqual(route);
  });

  it("never begins like one of the server's", () => {
    for (const route of ROUTES) expect(SERVER).not.toContain(pathOf(route).split("/")[1]);
  });

  it("that nobody made leads to the chats", () => {
    expect(parseRoute("/nowhere/at/all")).toEqual({ at: "chats" });
    expect(parseRoute("/c")).toEqual({ at: "chats" });
    expect(parseRoute("/join/%E0%A4%A")).toEqual({ at: "join", code: "%E0%A4%A" });
  });
});
