// Says what came in, for who cannot see it: the log itself also grows at its top.

import { createEffect, createSignal, on } from "solid-js";
import type { LogItem } from "./logItems";

export function Announcer(props: { items: readonly LogItem[] }) {
  const [words, setWords] = createSignal("");
  createEffect(
    on(
      () => props.items.at(-1),
      (last) => {
        if (last && !last.own) setWords(`${last.senderName}: ${last.content}`);
      },
      { defer: true },
    ),
  );
  return (
    <p class="vh" role="status">
      {words()}
    </p>
  );
}
