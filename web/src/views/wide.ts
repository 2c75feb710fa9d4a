// How the window is shaped. The same measures stand in the styles.

import { createMemo, createRoot, createSignal, type Accessor } from "solid-js";
import type { Form } from "./group/layout";

/** Whether there is room for the list beside the conversation. */
export const isWide = matches("(min-width: 900px)");
/** A phone on its side. */
const isSide = matches("(max-height: 520px) and (orientation: landscape)");

function matches(media: string): Accessor<boolean> {
  return createRoot(() => {
    const query = window.matchMedia(media);
    const [is, setIs] = createSignal(query.matches);
    query.addEventListener("change", () => setIs(query.matches));
    return is;
  });
}

export function useForm(): Accessor<Form> {
  return createMemo(() => (isSide() ? "side" : isWide() ? "desktop" : "phone"));
}

/** A keyboard on the screen: Enter is for a new line there, as it has no Shift+Enter. */
export const hasTouchKeyboard = (): boolean => window.matchMedia("(pointer: coarse)").matches;
