// What was typed and not sent, for each chat.

import { createSignal } from "solid-js";
import type { ChatId } from "../api/wire";

export interface DraftsStore {
  of(chat: ChatId): string;
  set(chat: ChatId, text: string): void;
}

export function createDrafts(key: string): DraftsStore {
  const [drafts, setDrafts] = createSignal<Readonly<Record<ChatId, string>>>(read(key));
  return {
    of: (chat) => drafts()[chat] ?? "",
    set(chat, text) {
      const { [chat]: _, ...rest } = drafts();
      const next = text === "" ? rest : { ...rest, [chat]: text };
      setDrafts(next);
      if (Object.keys(next).length > 0) localStorage.setItem(key, JSON.stringify(next));
      else localStorage.removeItem(key);
    },
  };
}

function read(key: string): Record<ChatId, string> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Record<ChatId, string>;
  } catch {
    return {};
  }
}
