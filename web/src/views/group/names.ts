// How a group call and the people of it are called.

import type { ChatId, UserId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { useApp, useHome } from "../context";
import { chatTitle } from "../names";
import { namesLine } from "./words";

/** The name of somebody who need not be in the call; empty while it is not known. */
export function useNameOf(): (user: UserId) => string {
  const { me, name, people, chats } = useHome();
  return (user) => {
    if (user === me) return name();
    const known = people.find(user)?.username;
    if (known) return known;
    for (const row of chats.rows()) {
      const member = row.participants.find((each) => each.id === user);
      if (member) return member.username;
    }
    return "";
  };
}

/** The chat's name; of a private chat, whose call has grown, the names of those who are in it. */
export function useCallTitle(): (chat: ChatId) => string {
  const { me, chats, group } = useHome();
  const { t } = useI18n();
  return (chat) => {
    const row = chats.row(chat);
    if (row && row.kind !== "private") return chatTitle(t, row, me);
    const others = (group.calls().get(chat)?.participants ?? []).filter((each) => each.userId !== me).map((each) => each.username);
    if (others.length > 0) return namesLine(t, others, 2);
    return row ? chatTitle(t, row, me) : t("live.label");
  };
}

/** Who may mute, remove and lock: who started the call, and administrators. */
export function useIsModerator(): () => boolean {
  const { session } = useApp();
  const { me, group } = useHome();
  return () => session.account()?.isAdmin === true || group.current()?.startedBy === me;
}
