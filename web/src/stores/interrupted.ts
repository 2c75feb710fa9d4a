// The group call this page was in when it was reloaded, or the browser crashed: one is asked whether to come back.

import { createEffect, createMemo, createSignal, on, type Accessor } from "solid-js";
import type { GroupCall } from "../api/group";
import type { CallId, ChatId } from "../api/wire";
import type { GroupPhase } from "../rtc/group/phase";

export interface InterruptedCall {
  /** Null when there was none, or it is over. */
  call: Accessor<GroupCall | null>;
  forget(): void;
}

export interface InterruptedOptions {
  phase: Accessor<GroupPhase>;
  calls: Accessor<ReadonlyMap<ChatId, GroupCall>>;
  /** Of this page alone, and outlives its reload. */
  storage: { read(): CallId | null; write(call: CallId | null): void };
}

export function createInterrupted({ phase, calls, storage }: InterruptedOptions): InterruptedCall {
  const [lately, setLately] = createSignal(storage.read());
  const current = createMemo(() => {
    const now = phase();
    return now.kind === "active" ? now.call : null;
  });

  function forget(): void {
    storage.write(null);
    setLately(null);
  }

  createEffect(
    on(
      current,
      (call) => {
        setLately(null);
        storage.write(call);
      },
      { defer: true },
    ),
  );

  return {
    call: createMemo(() => {
      const id = lately();
      if (id === null || phase().kind !== "idle") return null;
      return [...calls().values()].find((call) => call.id === id) ?? null;
    }),
    forget,
  };
}

const KEY = "zvonilka.in_call";

export const interruptedStorage = {
  read: (): CallId | null => sessionStorage.getItem(KEY),
  write(call: CallId | null): void {
    if (call === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, call);
  },
};
