// Which call rings here aloud.

import { createMemo, type Accessor } from "solid-js";
import type { GroupRing } from "../../stores/group";
import { useHome } from "../context";
import { useIsEngaged } from "../free";

/** None while this device is in another call: what rings then is a word on the screen. */
export function useLoudRing(): Accessor<GroupRing | null> {
  const { group } = useHome();
  const isEngaged = useIsEngaged();
  return createMemo(() => {
    const ring = group.ringing();
    return ring && !ring.busy && !isEngaged() ? ring : null;
  });
}
