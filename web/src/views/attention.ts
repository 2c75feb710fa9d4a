// Whether somebody looks at this page.

import { createSignal, onCleanup, type Accessor } from "solid-js";

export function createAttention(): Accessor<boolean> {
  const looking = (): boolean => document.visibilityState === "visible" && document.hasFocus();
  const [attention, setAttention] = createSignal(looking());
  const review = (): void => void setAttention(looking());
  document.addEventListener("visibilitychange", review);
  window.addEventListener("focus", review);
  window.addEventListener("blur", review);
  onCleanup(() => {
    document.removeEventListener("visibilitychange", review);
    window.removeEventListener("focus", review);
    window.removeEventListener("blur", review);
  });
  return attention;
}
