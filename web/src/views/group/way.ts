// What one can do when one is no longer in a group call. Pure.

import type { GroupPhase } from "../../stores/group";

export type Over = Extract<GroupPhase, { kind: "over" }>;

/** `again`: the same once more may work. `back`: the call goes on without this device. `here`: it goes on at another one. */
export type Way = "again" | "back" | "here" | null;

export function wayOf({ reason, call }: Over, isLiving: boolean): Way {
  switch (reason) {
    case "left":
    case "lost":
      return isLiving ? "back" : null;
    case "moved":
      return isLiving ? "here" : null;
    case "full":
    case "locked":
      return isLiving ? "again" : null;
    case "no_path":
    case "failed":
    case "denied":
    case "missing":
    case "in_use":
      // Once more would call everybody, if the call that was to be joined has ended.
      return isLiving || call === null ? "again" : null;
    case "ended":
    case "missed":
    case "cancelled":
    case "removed":
    case "already":
    case "insecure":
      return null;
  }
}
