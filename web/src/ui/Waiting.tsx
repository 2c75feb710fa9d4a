// What stands in the place of a list: outlines of its rows while it loads, or why it is not there.

import { createSignal, For, onCleanup, onMount, Show, type JSX } from "solid-js";

/** Shows its words only after a moment: what comes at once needs none. */
export function LoadingRows(props: { text: string; rows?: number }) {
  const late = after(300);
  return (
    <div aria-busy="true">
      <Show when={late()}>
        <p class="note-line" role="status">
          {props.text}
        </p>
      </Show>
      <ul class="list" aria-hidden="true">
        <For each={Array.from({ length: props.rows ?? 6 })}>
          {() => (
            <li class="li">
              <span class="sk c" />
              <span class="li-in">
                <span class="sk wide" />
                <span class="sk" />
              </span>
            </li>
          )}
        </For>
      </ul>
    </div>
  );
}

export function FailedNote(props: { text: string; again: string; onAgain(): void }) {
  return (
    <div class="empty" role="alert">
      <p>{props.text}</p>
      <button class="btn soft" onClick={() => props.onAgain()}>
        {props.again}
      </button>
    </div>
  );
}

export function EmptyNote(props: { children: JSX.Element }) {
  return (
    <div class="empty">
      <svg class="art" viewBox="0 0 132 104" fill="none" stroke="var(--brand)" aria-hidden="true">
        <circle cx="66" cy="52" r="14" stroke-width="4" opacity=".55" />
        <circle cx="66" cy="52" r="30" stroke-width="4" opacity=".35" />
        <circle cx="66" cy="52" r="46" stroke-width="4" opacity=".18" />
      </svg>
      <p>{props.children}</p>
    </div>
  );
}

/** True once `ms` have passed since the component came. */
export function after(ms: number): () => boolean {
  const [passed, setPassed] = createSignal(false);
  onMount(() => {
    const timer = window.setTimeout(() => setPassed(true), ms);
    onCleanup(() => window.clearTimeout(timer));
  });
  return passed;
}
