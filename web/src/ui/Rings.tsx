// A face with one ring for each device that really rings, up to three.

import { For } from "solid-js";
import { Avatar } from "./Avatar";

export function Rings(props: { id: string; name: string; count: number }) {
  return (
    <div class="rings">
      <For each={Array.from({ length: Math.min(props.count, 3) }, (_, index) => index + 1)}>
        {(k) => <span class="ring" style={{ "--k": String(k) }} />}
      </For>
      <Avatar id={props.id} name={props.name} size={128} />
    </div>
  );
}
