// The whole page on the whole screen, so that dialogs and tiles are there too. The styles then leave the call alone.

import { createSignal, onCleanup, type Accessor } from "solid-js";

export interface FullScreen {
  /** Some phones cannot. */
  isPossible: boolean;
  isOn: Accessor<boolean>;
  toggle(): void;
}

/** Ends with its scope. */
export function createFullScreen(): FullScreen {
  const [isOn, setOn] = createSignal(document.fullscreenElement !== null);
  const onChange = (): void => void setOn(document.fullscreenElement !== null);
  document.addEventListener("fullscreenchange", onChange);
  onCleanup(() => {
    document.removeEventListener("fullscreenchange", onChange);
    leave();
  });
  return {
    isPossible: document.fullscreenEnabled,
    isOn,
    // A refusal leaves everything as it was, which is what `isOn` goes on to say.
    toggle: () => (isOn() ? leave() : void document.documentElement.requestFullscreen().catch(() => undefined)),
  };
}

function leave(): void {
  if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
}
