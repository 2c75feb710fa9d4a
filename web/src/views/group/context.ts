// What the parts of a group call's stage share.

import { createContext, useContext } from "solid-js";
import type { Shown } from "./shown";

export const ShownContext = createContext<Shown>();

export function useShown(): Shown {
  const shown = useContext(ShownContext);
  if (!shown) throw new Error("outside of ShownContext");
  return shown;
}
