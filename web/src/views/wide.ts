// Whether there is room for the list beside the conversation. The same width stands in the styles.

import { createRoot, createSignal } from "solid-js";

export const isWide = createRoot(() => {
  const query = window.matchMedia("(min-width: 900px)");
  const [wide, setWide] = createSignal(query.matches);
  query.addEventListener("change", () => setWide(query.matches));
  return wide;
});

/** A keyboard on the screen: Enter is for a new line there, as it has no Shift+Enter. */
export const hasTouchKeyboard = (): boolean => window.matchMedia("(pointer: coarse)").matches;
