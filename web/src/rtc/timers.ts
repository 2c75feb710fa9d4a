// The timers a machine of calls asks for, one of each name.

export interface Timers<Name> {
  /** Starts anew what runs under this name. */
  set(name: Name, ms: number): void;
  cancel(name: Name): void;
  clear(): void;
}

export function createTimers<Name>(after: (ms: number, task: () => void) => () => void, onDue: (name: Name) => void): Timers<Name> {
  const running = new Map<Name, () => void>();

  function cancel(name: Name): void {
    running.get(name)?.();
    running.delete(name);
  }

  return {
    set(name, ms) {
      cancel(name);
      running.set(
        name,
        after(ms, () => onDue(name)),
      );
    },
    cancel,
    clear() {
      for (const name of [...running.keys()]) cancel(name);
    },
  };
}
