// What the session needs of the browser: storage that all tabs share, a lock among them, a clock.

import type { StoredSession, TokenStorage } from "./tokens";

const SESSION_KEY = "zvonilka.session";

export const sessionStorage: TokenStorage = {
  read() {
    const text = localStorage.getItem(SESSION_KEY);
    if (text === null) return null;
    try {
      return JSON.parse(text) as StoredSession;
    } catch {
      localStorage.removeItem(SESSION_KEY);
      return null;
    }
  },
  write(session) {
    if (session) localStorage.setItem(SESSION_KEY, JSON.stringify(session));
    else localStorage.removeItem(SESSION_KEY);
  },
  listen(heard) {
    const onStorage = (event: StorageEvent): void => {
      if (event.key === SESSION_KEY || event.key === null) heard();
    };
    window.addEventListener("storage", onStorage);
    return () => window.removeEventListener("storage", onStorage);
  },
};

/** Returns a function that runs tasks one at a time: among all tabs where the browser has Web Locks, else in this tab. */
export function exclusively(name: string): <T>(task: () => Promise<T>) => Promise<T> {
  // Web Locks exist in secure contexts alone; on plain HTTP in a home network there are none.
  const locks = navigator.locks as LockManager | undefined;
  if (locks) return async (task) => await locks.request(name, task);
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run.catch(() => undefined);
    return run;
  };
}

export const clock = {
  now: (): number => performance.now(),
  after(ms: number, task: () => void): () => void {
    const timer = window.setTimeout(task, ms);
    return () => window.clearTimeout(timer);
  },
};
