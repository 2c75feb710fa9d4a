// The face of a chat.

import { Match, Switch } from "solid-js";
import type { Chat } from "../api/wire";
import { Avatar, FamilyAvatar } from "../ui/Avatar";
import { useHome } from "./context";
import { otherOf } from "./names";

export function ChatAvatar(props: { chat: Chat; size: number; presence?: boolean }) {
  const { me, people } = useHome();
  return (
    <Switch fallback={<Avatar id={props.chat.id} name={props.chat.name} size={props.size} />}>
      <Match when={props.chat.kind === "family"}>
        <FamilyAvatar size={props.size} />
      </Match>
      <Match when={otherOf(props.chat, me)}>
        {(other) => (
          <Avatar
            id={other().id}
            name={other().username}
            size={props.size}
            online={(props.presence ?? false) && (people.find(other().id)?.online ?? false)}
          />
        )}
      </Match>
    </Switch>
  );
}
