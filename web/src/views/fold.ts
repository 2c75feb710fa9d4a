// Whether a call fills the stage or is folded into a tile while one looks elsewhere.

import { createEffect, createMemo, createSignal, on, type Accessor } from "solid-js";
import type { CallStore } from "../stores/calls";
import type { GroupStore } from "../stores/group";
import type { Route } from "../stores/route";

/** A call of either form, as far as the frame of the page cares. */
export interface Staged {
  /** There is something to see of it, in this phase; null while there is not. */
  phase: Accessor<string | null>;
  /** It goes on: whoever opens another place wants to see that place. */
  goesOn: Accessor<boolean>;
  /** Pictures are shown, which want room. */
  withPictures: Accessor<boolean>;
}

export interface Fold {
  onStage: Accessor<boolean>;
  folded: Accessor<boolean>;
  fold(): void;
  unfold(): void;
}

export function stagedCall(call: CallStore): Staged {
  const kind = createMemo(() => call.phase().kind);
  return {
    phase: () => (kind() === "idle" || kind() === "ringing" || kind() === "answering" ? null : kind()),
    goesOn: () => kind() === "active",
    withPictures: createMemo(() => kind() === "active" && (call.media().camera !== null || call.media().remote.video !== null)),
  };
}

export function stagedGroup(group: GroupStore): Staged {
  const kind = createMemo(() => group.phase().kind);
  return {
    phase: () => (kind() === "idle" ? null : kind()),
    goesOn: () => kind() === "joining" || kind() === "active",
    withPictures: () => kind() === "active",
  };
}

export function createFold(staged: Staged, route: Accessor<Route>): Fold {
  const [away, setAway] = createSignal(false);
  // What one has to know, such as why a call failed, comes back in sight; a call that only goes on stays where it was put.
  createEffect(
    on(staged.phase, (_phase, _before, went?: boolean) => {
      const goes = staged.goesOn();
      if (!went || !goes) setAway(false);
      return goes;
    }),
  );
  createEffect(on(route, () => staged.goesOn() && setAway(true), { defer: true }));
  return {
    onStage: createMemo(() => staged.phase() !== null && !away()),
    folded: createMemo(() => staged.phase() !== null && away()),
    fold: () => setAway(true),
    unfold: () => setAway(false),
  };
}
