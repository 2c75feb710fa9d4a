// How chats and their faces are called for the one who looks.

import type { Chat, Participant, UserId } from "../api/wire";
import type { Translate } from "../i18n";

/** The other one of a private chat. */
export function otherOf(chat: Chat, me: UserId): Participant | undefined {
  return chat.kind === "private" ? chat.participants.find((each) => each.id !== me) : undefined;
}

export function chatTitle(t: Translate, chat: Chat, me: UserId): string {
  switch (chat.kind) {
    case "family":
      return t("chats.family");
    case "private":
      return otherOf(chat, me)?.username ?? chat.name;
    case "group":
      return chat.name;
  }
}
