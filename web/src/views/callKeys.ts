// The keyboard in a call: M microphone, V camera, F full screen. Not while one types.

import { onCleanup, onMount } from "solid-js";
import { isTyping } from "./keys";

export interface CallKeys {
  microphone(): void;
  camera(): void;
  full?(): void;
}

export function useCallKeys(keys: CallKeys): void {
  onMount(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.code === "KeyM") keys.microphone();
      if (event.code === "KeyV") keys.camera();
      if (event.code === "KeyF") keys.full?.();
    };
    window.addEventListener("keydown", onKey);
    onCleanup(() => window.removeEventListener("keydown", onKey));
  });
}
