// Whether the call fills the stage or is folded into a tile while one looks elsewhere.

import { createEffect, createMemo, createSignal, on, type Accessor } from "solid-js";
import type { CallStore } from "../stores/calls";
import type { Route } from "../stores/route";

export interface Fold {
  onStage: Accessor<boolean>;
  folded: Accessor<boolean>;
  /** Someone shows pictures. */
  withPictures: Accessor<boolean>;
  fold(): void;
  unfold(): void;
}

export function createFold(call: CallStore, route: Accessor<Route>): Fold {
  const [away, setAway] = createSignal(false);
  const shown = createMemo(() => {
    const { kind } = call.phase();
    return kind !== "idle" && kind !== "ringing" && kind !== "answering";
  });
  // What one has to know, such as why a call failed, comes back in sight.
  createEffect(
    on(
      () => call.phase().kind,
      () => setAway(false),
    ),
  );
  // Whoever opens another place wants to see it.
  createEffect(on(route, () => call.phase().kind === "active" && setAway(true), { defer: true }));
  return {
    onStage: createMemo(() => shown() && !away()),
    folded: createMemo(() => shown() && away()),
    withPictures: createMemo(() => call.phase().kind === "active" && (call.media().camera !== null || call.media().remote.video !== null)),
    fold: () => setAway(true),
    unfold: () => setAway(false),
  };
}
