// The one REST client: typed by operation, with the bearer token and one retry after a refusal of it.

import createClient from "openapi-fetch";
import { ApiError, failureOf } from "./failure";
import type { paths } from "./schema";
import type { Tokens } from "./tokens";
import type {
  Call,
  CallExplanation,
  CallId,
  CallLog,
  CallReport,
  CallType,
  ChangePage,
  Chat,
  ChatId,
  Invite,
  InviteCheck,
  Message,
  MessagePage,
  Presence,
  ReadMark,
  TokenPair,
  User,
  UserId,
} from "./wire";

export interface Api {
  login(username: string, password: string): Promise<TokenPair>;
  register(username: string, password: string, invitationCode: string): Promise<User>;
  checkInvite(code: string): Promise<InviteCheck>;
  logout(): Promise<void>;
  updateUser(id: UserId, change: { username?: string; password?: string }): Promise<User>;
  /** For administrators: an invite for one person until `expiresAt`. */
  createInvite(expiresAt: string): Promise<Invite>;
  users(): Promise<readonly User[]>;
  presence(): Promise<readonly Presence[]>;
  chats(): Promise<readonly Chat[]>;
  openPrivateChat(targetUserId: UserId): Promise<Chat>;
  messages(chat: ChatId, before: number | null): Promise<MessagePage>;
  changes(chat: ChatId, after: number): Promise<ChangePage>;
  send(chat: ChatId, content: string, clientId: string): Promise<Message>;
  markRead(chat: ChatId, seq: number): Promise<ReadMark>;
  initiateCall(targetUserId: UserId, type: CallType): Promise<Call>;
  /** Calls of both forms, newest first; `before`: the last one that is known. */
  callLog(limit: number, before: CallId | null): Promise<CallLog>;
  rtcConfig(): Promise<RTCConfiguration>;
  /** Why a call went as it did. */
  explainCall(call: CallId): Promise<CallExplanation>;
  reportCall(call: CallId, report: CallReport): Promise<void>;
  /** This device's clock less the server's, in milliseconds, good to a second or two; null before the first answer. */
  clockOffset(): number | null;
}

const TIMEOUT_MS = 20_000;

function send(request: Request, token: string | null): Promise<Response> {
  const headers = new Headers(request.headers);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  return fetch(new Request(request, { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) }));
}

/** For what needs no token. */
const open = createClient<paths>({ baseUrl: "/", fetch: (request) => send(request, null) });

/** Gives what was answered, or says why it was not: `ApiError`. */
async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer.catch((fault: unknown) => {
    if (fault instanceof ApiError) throw fault;
    // No connection, no answer in time, or half an answer.
    throw new ApiError("network", 0);
  });
  if (!response.ok || (data === undefined && response.status !== 204)) throw failureOf(response, error);
  return data as T;
}

/** By how much `now` is ahead of the server's clock, which stands in each of its answers (RFC 9110 section 6.6.1). */
export function offsetOf(response: Response, now: number): number | null {
  const date = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(date) ? null : now - date;
}

/** POST /auth/refresh: apart from `Api`, as the tokens need it before there is one. */
export function refreshTokens(refreshToken: string): Promise<TokenPair> {
  return unwrap(open.POST("/auth/refresh", { body: { refresh_token: refreshToken } }));
}

export function createApi(tokens: Tokens): Api {
  let clockOffset: number | null = null;
  async function authorized(request: Request): Promise<Response> {
    const token = await tokens.fresh();
    if (token === null) throw new ApiError("auth.token", 401);
    const again = request.clone();
    const response = await send(request, token);
    clockOffset = offsetOf(response, Date.now()) ?? clockOffset;
    if (response.status !== 401) return response;
    const renewed = await tokens.renew(token);
    return renewed === null ? response : send(again, renewed);
  }
  const client = createClient<paths>({ baseUrl: "/", fetch: authorized });

  return {
    login: (username, password) => unwrap(open.POST("/auth/login", { body: { username, password } })),
    register: (username, password, invitationCode) =>
      unwrap(open.POST("/users/register", { body: { username, password, invitationCode } })),
    checkInvite: (code) => unwrap(open.POST("/invitation-codes/check", { body: { code } })),
    async logout() {
      await unwrap(client.POST("/auth/logout"));
    },
    updateUser: (id, change) => unwrap(client.PUT("/users/{id}", { params: { path: { id } }, body: change })),
    createInvite: (expiresAt) => unwrap(client.POST("/invitation-codes/generate", { body: { usageLimit: 1, expiresAt } })),
    users: () => unwrap(client.GET("/users")),
    presence: () => unwrap(client.GET("/users/presence")),
    chats: () => unwrap(client.GET("/chats")),
    openPrivateChat: (targetUserId) => unwrap(client.POST("/chats/private", { body: { targetUserId } })),
    messages: (chatId, before) =>
      unwrap(
        client.GET("/chats/{chatId}/messages", {
          params: { path: { chatId }, query: before === null ? { limit: 50 } : { limit: 50, before } },
        }),
      ),
    changes: (chatId, after) =>
      unwrap(client.GET("/chats/{chatId}/changes", { params: { path: { chatId }, query: { after, limit: 200 } } })),
    send: (chatId, content, clientId) =>
      unwrap(client.POST("/chats/{chatId}/messages", { params: { path: { chatId } }, body: { content, clientId } })),
    markRead: (chatId, seq) => unwrap(client.POST("/chats/{chatId}/read", { params: { path: { chatId } }, body: { seq } })),
    initiateCall: (targetUserId, type) => unwrap(client.POST("/calls/initiate", { body: { targetUserId, type } })),
    callLog: (limit, before) => unwrap(client.GET("/calls/log", { params: { query: before === null ? { limit } : { limit, before } } })),
    async rtcConfig() {
      // The document calls absent members null too; the server leaves them out.
      return (await unwrap(client.GET("/calls/webrtc-config"))) as RTCConfiguration;
    },
    explainCall: (callId) => unwrap(client.GET("/calls/{callId}/explanation", { params: { path: { callId } } })),
    async reportCall(callId, report) {
      await unwrap(client.POST("/calls/{callId}/report", { params: { path: { callId } }, body: report, parseAs: "text" }));
    },
    clockOffset: () => clockOffset,
  };
}
