// A person's circle, or the family's rounded square.

import { Show } from "solid-js";
import { Icon } from "./Icon";
import { colourOf, initialsOf } from "./person";

export function Avatar(props: { id: string; name: string; size: number; online?: boolean }) {
  return (
    <span class={`av ${colourOf(props.id)}`} style={{ "--av": `${props.size}px` }} aria-hidden="true">
      {initialsOf(props.name)}
      <Show when={props.online}>
        <span class="on" />
      </Show>
    </span>
  );
}

export function FamilyAvatar(props: { size: number }) {
  return (
    <span class="av family" style={{ "--av": `${props.size}px` }} aria-hidden="true">
      <Icon name="home" />
    </span>
  );
}
