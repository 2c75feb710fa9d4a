// The one REST client: typed by operation, with the bearer token and one retry after a refusal of it.

import { ApiError, readFailure } from "./failure";
import type { Tokens } from "./tokens";
import type {
  Call,
  CallId,
  CallType,
  ChangePage,
  Chat,
  ChatId,
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
  users(): Promise<readonly User[]>;
  presence(): Promise<readonly Presence[]>;
  chats(): Promise<readonly Chat[]>;
  openPrivateChat(targetUserId: UserId): Promise<Chat>;
  messages(chat: ChatId, before: number | null): Promise<MessagePage>;
  changes(chat: ChatId, after: number): Promise<ChangePage>;
  send(chat: ChatId, content: string, clientId: string): Promise<Message>;
  markRead(chat: ChatId, seq: number): Promise<ReadMark>;
  initiateCall(targetUserId: UserId, type: CallType): Promise<Call>;
  callHistory(limit: number, offset: number): Promise<readonly Call[]>;
  rtcConfig(): Promise<RTCConfiguration>;
  endCall(call: CallId): Promise<Call>;
}

const TIMEOUT_MS = 20_000;

interface Request {
  method: "GET" | "POST" | "PUT";
  path: string;
  query?: Record<string, string | number>;
  body?: unknown;
}

async function exchange<T>({ method, path, query, body }: Request, token: string | null): Promise<T> {
  const search = query ? `?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))}` : "";
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== null) headers["authorization"] = `Bearer ${token}`;
  const response = await fetch(path + search, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
    cache: "no-store",
  }).catch(() => {
    throw new ApiError("network", 0);
  });
  if (!response.ok) throw await readFailure(response);
  return (await response.json().catch(() => {
    throw new ApiError("network", 0);
  })) as T;
}

/** POST /auth/refresh: apart from `Api`, as the tokens need it before there is one. */
export function refreshTokens(refreshToken: string): Promise<TokenPair> {
  return exchange({ method: "POST", path: "/auth/refresh", body: { refresh_token: refreshToken } }, null);
}

export function createApi(tokens: Tokens): Api {
  async function call<T>(request: Request): Promise<T> {
    const token = await tokens.fresh();
    if (token === null) throw new ApiError("auth.session_ended", 401);
    try {
      return await exchange<T>(request, token);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const renewed = await tokens.renew(token);
      if (renewed === null) throw error;
      return exchange<T>(request, renewed);
    }
  }
  const get = <T>(path: string, query?: Request["query"]): Promise<T> => call<T>(query ? { method: "GET", path, query } : { method: "GET", path });
  const post = <T>(path: string, body?: unknown): Promise<T> => call<T>({ method: "POST", path, body });
  const open = <T>(path: string, body: unknown): Promise<T> => exchange<T>({ method: "POST", path, body }, null);

  return {
    login: (username, password) => open("/auth/login", { username, password }),
    register: (username, password, invitationCode) => open("/users/register", { username, password, invitationCode }),
    checkInvite: (code) => open("/invitation-codes/check", { code }),
    logout: () => post("/auth/logout"),
    updateUser: (id, change) => call({ method: "PUT", path: `/users/${id}`, body: change }),
    users: () => get("/users"),
    presence: () => get("/users/presence"),
    chats: () => get("/chats"),
    openPrivateChat: (targetUserId) => post("/chats/private", { targetUserId }),
    messages: (chat, before) => get(`/chats/${chat}/messages`, before === null ? { limit: 50 } : { limit: 50, before }),
    changes: (chat, after) => get(`/chats/${chat}/changes`, { after, limit: 200 }),
    send: (chat, content, clientId) => post(`/chats/${chat}/messages`, { content, clientId }),
    markRead: (chat, seq) => post(`/chats/${chat}/read`, { seq }),
    initiateCall: (targetUserId, type) => post("/calls/initiate", { targetUserId, type }),
    callHistory: (limit, offset) => get("/calls/history", { limit, offset }),
    rtcConfig: () => get("/calls/webrtc-config"),
    endCall: (id) => post(`/calls/${id}/end`),
  };
}
