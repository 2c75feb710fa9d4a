// Messages on their way: kept across reloads, sent one after the other, each with the `clientId` that makes a repeat harmless.

import { createSignal, onCleanup } from "solid-js";
import type { Api } from "../api/client";
import { asApiError } from "../api/failure";
import type { ChatId, Message } from "../api/wire";

export interface Outgoing {
  clientId: string;
  chatId: ChatId;
  content: string;
  /** By the device's clock; for show alone. */
  createdAt: string;
  /** The code of a final refusal. */
  refused: string | null;
}

export interface OutboxStorage {
  read(): readonly Outgoing[];
  write(items: readonly Outgoing[]): void;
  listen(heard: () => void): () => void;
}

export interface OutboxStore {
  of(chat: ChatId): readonly Outgoing[];
  send(chat: ChatId, content: string): void;
  retry(clientId: string): void;
  discard(clientId: string): void;
  /** Tries at once, as the connection is back. */
  wake(): void;
}

export interface OutboxOptions {
  api: Pick<Api, "send">;
  storage: OutboxStorage;
  /** Runs `task` while no other tab runs one. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  newId(): string;
  now(): string;
  after(ms: number, task: () => void): () => void;
  onSent(message: Message): void;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

export function createOutbox({ api, storage, exclusive, newId, now, after, onSent }: OutboxOptions): OutboxStore {
  const [items, setItems] = createSignal<readonly Outgoing[]>(storage.read());
  let running = false;
  let closed = false;
  let wait = FIRST_RETRY_MS;
  let cancel: () => void = () => {};

  /** Storage is the truth, as other tabs write to it too. */
  function change(edit: (items: readonly Outgoing[]) => readonly Outgoing[]): void {
    const next = edit(storage.read());
    storage.write(next);
    setItems(next);
  }

  async function pump(): Promise<void> {
    if (running || closed) return;
    running = true;
    cancel();
    try {
      await exclusive(drain);
    } finally {
      running = false;
    }
  }

  async function drain(): Promise<void> {
    for (;;) {
      const head = storage.read().find((item) => item.refused === null);
      if (!head || closed) return;
      try {
        const message = await api.send(head.chatId, head.content, head.clientId);
        wait = FIRST_RETRY_MS;
        onSent(message);
        change((all) => all.filter((item) => item.clientId !== head.clientId));
      } catch (error) {
        const failure = asApiError(error);
        if (failure.status === 401) return;
        if (failure.passing) {
          later(failure.retryAfter === null ? wait : failure.retryAfter * 1000);
          return;
        }
        change((all) => all.map((item) => (item.clientId === head.clientId ? { ...item, refused: failure.code } : item)));
      }
    }
  }

  function later(ms: number): void {
    cancel = after(ms, () => void pump());
    wait = Math.min(wait * 2, LAST_RETRY_MS);
  }

  const unlisten = storage.listen(() => setItems(storage.read()));
  onCleanup(() => {
    closed = true;
    cancel();
    unlisten();
  });
  if (items().length > 0) void pump();

  return {
    of: (chat) => items().filter((item) => item.chatId === chat),
    send(chat, content) {
      change((all) => [...all, { clientId: newId(), chatId: chat, content, createdAt: now(), refused: null }]);
      void pump();
    },
    retry(clientId) {
      // At the end: what was sent after it has gone already.
      change((all) => {
        const item = all.find((each) => each.clientId === clientId);
        return item ? [...all.filter((each) => each !== item), { ...item, refused: null }] : all;
      });
      void pump();
    },
    discard: (clientId) => change((all) => all.filter((item) => item.clientId !== clientId)),
    wake() {
      wait = FIRST_RETRY_MS;
      void pump();
    },
  };
}

/** The outbox of one user in this browser. */
export function outboxStorage(key: string): OutboxStorage {
  return {
    read() {
      const text = localStorage.getItem(key);
      if (text === null) return [];
      try {
        return JSON.parse(text) as Outgoing[];
      } catch {
        localStorage.removeItem(key);
        return [];
      }
    },
    write(items) {
      if (items.length > 0) localStorage.setItem(key, JSON.stringify(items));
      else localStorage.removeItem(key);
    },
    listen(heard) {
      const onStorage = (event: StorageEvent): void => {
        if (event.key === key || event.key === null) heard();
      };
      window.addEventListener("storage", onStorage);
      return () => window.removeEventListener("storage", onStorage);
    },
  };
}
