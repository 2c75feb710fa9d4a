// Whether a call can be begun here: one is in one call at a time, and none is left by a slip of the finger.

import { useHome } from "./context";

export function useIsFree(): () => boolean {
  const { call, group } = useHome();
  return () => {
    const own = call.phase().kind;
    const shared = group.phase().kind;
    return (own === "idle" || own === "ended") && (shared === "idle" || shared === "over");
  };
}
