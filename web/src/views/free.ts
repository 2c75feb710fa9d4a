// Whether a call can be begun here: one is in one call at a time, and none is left by a slip of the finger.

import { useHome } from "./context";

/** This device is in a call, or on its way there. */
export function useIsEngaged(): () => boolean {
  const { call, group } = useHome();
  return () => {
    const own = call.phase().kind;
    const shared = group.phase().kind;
    return (own !== "idle" && own !== "ended") || shared === "joining" || shared === "active";
  };
}

/** Nor does one look at oneself in the room before a call. */
export function useIsFree(): () => boolean {
  const { group } = useHome();
  const isEngaged = useIsEngaged();
  return () => !isEngaged() && group.phase().kind !== "ready";
}
