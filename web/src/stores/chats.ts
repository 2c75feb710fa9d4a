// The chats of the signed-in user: rows, and the logs of those that were opened. Follows the server by `rev`.

import { createMemo, createSignal, onCleanup, type Accessor } from "solid-js";
import type { Api } from "../api/client";
import { ApiError, asApiError } from "../api/failure";
import type { EventSource } from "../api/socket";
import type { Change, Chat, ChatEvents, ChatId, Message, UserId } from "../api/wire";
import { applyPage, applyToLog, applyToRow, newerRow, withOlder, withSent, type Log } from "./sync";

export type Loading = "loading" | "ready" | "failed";

export interface OpenLog extends Log {
  state: Loading;
  older: "idle" | "loading" | "failed";
}

export interface ChatsStore {
  state: Accessor<Loading>;
  /** The family first, then by the last message. */
  rows: Accessor<readonly Chat[]>;
  unread: Accessor<number>;
  row(id: ChatId): Chat | undefined;
  log(id: ChatId): OpenLog | undefined;
  reload(): void;
  /** Loads the newest messages of a chat, once. */
  open(id: ChatId): void;
  loadOlder(id: ChatId): void;
  markRead(id: ChatId, seq: number): void;
  /** Takes the answer to a message that this user sent. */
  sent(message: Message): void;
  /** Rejects with `ApiError`. */
  startPrivate(userId: UserId): Promise<ChatId>;
}

export interface ChatsOptions {
  api: Pick<Api, "chats" | "messages" | "changes" | "markRead" | "openPrivateChat">;
  events: EventSource<ChatEvents>;
  me: UserId;
  after(ms: number, task: () => void): () => void;
}

/** So far behind, the newest page is cheaper than every change. */
const TOO_FAR = 1_000;
const RETRY_MS = 5_000;

export function createChatsStore({ api, events, me, after }: ChatsOptions): ChatsStore {
  const [state, setState] = createSignal<Loading>("loading");
  const [rowsById, setRows] = createSignal<ReadonlyMap<ChatId, Chat>>(new Map());
  const [logs, setLogs] = createSignal<ReadonlyMap<ChatId, OpenLog>>(new Map());
  const rows = createMemo(() => [...rowsById().values()].sort(byActivity));
  const unread = createMemo(() => rows().reduce((sum, row) => sum + row.unreadCount, 0));
  /** The `rev` each running catch-up has to reach. */
  const targets = new Map<ChatId, number>();
  let refreshing = false;
  let again = false;
  let closed = false;
  let cancelRetry: () => void = () => {};

  const putRow = (row: Chat): void => void setRows((map) => new Map(map).set(row.id, row));
  const putLog = (id: ChatId, change: (log: OpenLog) => OpenLog): void =>
    void setLogs((map) => {
      const log = map.get(id);
      return log ? new Map(map).set(id, change(log)) : map;
    });

  async function refreshRows(): Promise<void> {
    if (refreshing) {
      again = true;
      return;
    }
    refreshing = true;
    cancelRetry();
    try {
      const fetched = await api.chats();
      setRows((map) => new Map(fetched.map((row) => [row.id, newerRow(map.get(row.id), row)])));
      setState("ready");
    } catch (error) {
      if (state() !== "ready") setState("failed");
      if (asApiError(error).passing) cancelRetry = after(RETRY_MS, () => void refreshRows());
    } finally {
      refreshing = false;
    }
    if (again && !closed) {
      again = false;
      void refreshRows();
    }
  }

  function applyChange(id: ChatId, change: Change): void {
    const row = rowsById().get(id);
    if (row) {
      const step = applyToRow(row, change, me);
      if (step.kind === "applied" || step.kind === "uncounted") putRow(step.row);
      if (step.kind === "gap" || step.kind === "uncounted") void refreshRows();
    } else {
      void refreshRows();
    }
    const log = logs().get(id);
    if (!log || log.state !== "ready") return;
    const step = applyToLog(log, change);
    if (step.kind === "applied") putLog(id, (open) => ({ ...open, ...step.log }));
    if (step.kind === "gap") void catchUp(id, change.rev);
  }

  async function catchUp(id: ChatId, target: number): Promise<void> {
    const running = targets.has(id);
    targets.set(id, Math.max(target, targets.get(id) ?? 0));
    if (running) return;
    try {
      for (;;) {
        const log = logs().get(id);
        if (closed || !log || log.rev >= (targets.get(id) ?? 0)) return;
        if ((targets.get(id) ?? 0) - log.rev > TOO_FAR) {
          setLogs((map) => new Map([...map].filter(([key]) => key !== id)));
          open(id);
          return;
        }
        const page = await api.changes(id, log.rev);
        putLog(id, (known) => ({ ...known, ...applyPage(known, page) }));
        // A server that was set back knows fewer changes than it announced: what it has is the truth.
        if (!page.more && page.rev < (targets.get(id) ?? 0)) return;
      }
    } catch (error) {
      // The next `ready` or change finds the same gap again.
      if (!(error instanceof ApiError)) throw error;
      if (error.passing) after(RETRY_MS, () => void catchUp(id, target));
    } finally {
      targets.delete(id);
    }
  }

  function open(id: ChatId): void {
    const known = logs().get(id);
    if (known && known.state !== "failed") return;
    const log: OpenLog = { rev: rowsById().get(id)?.rev ?? 0, messages: [], more: false, state: "loading", older: "idle" };
    setLogs((map) => new Map(map).set(id, log));
    void loadNewest(id);
  }

  async function loadNewest(id: ChatId): Promise<void> {
    try {
      const page = await api.messages(id, null);
      // The page was read when the chat was at least at the latest `rev` on it.
      const seen = Math.max(0, ...page.messages.map((message) => message.rev));
      putLog(id, (log) => ({ ...log, ...withOlder(log, page), rev: Math.max(log.rev, seen), state: "ready" }));
      const row = rowsById().get(id);
      const log = logs().get(id);
      if (row && log && row.rev > log.rev) void catchUp(id, row.rev);
    } catch (error) {
      asApiError(error);
      putLog(id, (log) => ({ ...log, state: "failed" }));
    }
  }

  async function loadOlder(id: ChatId): Promise<void> {
    const log = logs().get(id);
    const oldest = log?.messages[0];
    if (!log || !oldest || !log.more || log.state !== "ready" || log.older === "loading") return;
    putLog(id, (known) => ({ ...known, older: "loading" }));
    try {
      const page = await api.messages(id, oldest.seq);
      putLog(id, (known) => ({ ...known, ...withOlder(known, page), older: "idle" }));
    } catch (error) {
      asApiError(error);
      putLog(id, (known) => ({ ...known, older: "failed" }));
    }
  }

  async function markRead(id: ChatId, seq: number): Promise<void> {
    const row = rowsById().get(id);
    if (!row || row.readSeq >= seq) return;
    const isAll = !row.lastMessage || seq >= row.lastMessage.seq;
    putRow({ ...row, readSeq: seq, unreadCount: isAll ? 0 : row.unreadCount });
    try {
      const mark = await api.markRead(id, seq);
      const known = rowsById().get(id);
      if (known && known.readSeq <= mark.readSeq) putRow({ ...known, readSeq: mark.readSeq, unreadCount: mark.unreadCount });
    } catch (error) {
      asApiError(error);
      const known = rowsById().get(id);
      // Tried again with the next look at the chat.
      if (known && known.readSeq === seq) putRow({ ...known, readSeq: row.readSeq, unreadCount: row.unreadCount });
    }
  }

  const stops = [
    events.on("ready", ({ revs }) => {
      const known = rowsById();
      const ids = Object.keys(revs);
      const same = state() === "ready" && ids.length === known.size && ids.every((id) => known.get(id)?.rev === revs[id]);
      if (!same) void refreshRows();
      for (const [id, log] of logs()) {
        const target = revs[id] ?? 0;
        if (log.state === "failed") open(id);
        else if (log.state === "ready" && target > log.rev) void catchUp(id, target);
      }
    }),
    events.on("change", ({ chatId, change }) => applyChange(chatId, change)),
    events.on("chat_changed", (chat) => putRow(newerRow(rowsById().get(chat.id), chat))),
    events.on("chat_removed", ({ chatId }) => {
      setRows((map) => new Map([...map].filter(([id]) => id !== chatId)));
      setLogs((map) => new Map([...map].filter(([id]) => id !== chatId)));
    }),
  ];
  onCleanup(() => {
    closed = true;
    cancelRetry();
    for (const stop of stops) stop();
  });
  void refreshRows();

  return {
    state,
    rows,
    unread,
    row: (id) => rowsById().get(id),
    log: (id) => logs().get(id),
    reload: () => void refreshRows(),
    open,
    loadOlder: (id) => void loadOlder(id),
    markRead: (id, seq) => void markRead(id, seq),
    sent: (message) => putLog(message.chatId, (log) => ({ ...log, ...withSent(log, message) })),
    async startPrivate(userId) {
      const chat = await api.openPrivateChat(userId);
      putRow(newerRow(rowsById().get(chat.id), chat));
      return chat.id;
    },
  };
}

function byActivity(a: Chat, b: Chat): number {
  if (a.kind !== b.kind && (a.kind === "family" || b.kind === "family")) return a.kind === "family" ? -1 : 1;
  return activity(b).localeCompare(activity(a));
}

function activity(chat: Chat): string {
  return chat.lastMessage?.createdAt ?? chat.createdAt;
}
