// The signed-in session of this browser: its tokens, shared by all tabs, and their refresh.
// A refresh token is rotated with each use, so only one tab refreshes at a time, and the old token stays stored until its successor is.

import { ApiError } from "./failure";
import type { Account, TokenPair } from "./wire";

export interface StoredSession {
  access: string;
  refresh: string;
  /** Seconds from receipt. */
  expiresIn: number;
  user: Account;
}

export interface TokenStorage {
  read(): StoredSession | null;
  write(session: StoredSession | null): void;
  /** Calls `heard` when another tab wrote. */
  listen(heard: () => void): () => void;
}

export interface TokensOptions {
  storage: TokenStorage;
  /** Runs `task` while no other tab runs one. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** POST /auth/refresh. */
  refresh(refreshToken: string): Promise<TokenPair>;
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  /** Calls `task` after `ms`; returns how to cancel. */
  after(ms: number, task: () => void): () => void;
}

export interface Tokens {
  session(): StoredSession | null;
  /** Calls `heard` after each change of the session, from whichever tab. */
  listen(heard: (session: StoredSession | null) => void): () => void;
  accept(pair: TokenPair): void;
  clear(): void;
  /** The user has another name. */
  rename(username: string): void;
  /** An access token that should still serve; the stored one if no refresh is possible at the moment. */
  fresh(): Promise<string | null>;
  /** A token other than `refused`, which the server did not take; null if the session has ended. */
  renew(refused: string): Promise<string | null>;
  close(): void;
}

/** A token is renewed this long before its end. */
const MARGIN_MS = 60_000;
/** A token found in storage at start has an unknown age; it is renewed soon, not at once. */
const FIRST_CHECK_MS = 20_000;
const RETRY_MS = 15_000;

export function createTokens({ storage, exclusive, refresh, now, after }: TokensOptions): Tokens {
  let current = storage.read();
  let due: number | null = null;
  let cancel: () => void = () => {};
  const listeners = new Set<(session: StoredSession | null) => void>();

  function schedule(ms: number): void {
    cancel();
    due = now() + ms;
    cancel = after(ms, () => {
      const session = current;
      if (session) renew(session.access).catch(() => schedule(RETRY_MS));
    });
  }

  function take(session: StoredSession | null): void {
    current = session;
    cancel();
    due = null;
    if (session) schedule(Math.max(session.expiresIn * 1000 - MARGIN_MS, session.expiresIn * 500));
    for (const heard of [...listeners]) heard(session);
  }

  function store(session: StoredSession | null): void {
    storage.write(session);
    take(session);
  }

  function renew(refused: string): Promise<string | null> {
    return exclusive(async () => {
      const stored = storage.read();
      if (!stored) {
        if (current) take(null);
        return null;
      }
      if (stored.access !== refused) {
        if (stored.access !== current?.access) take(stored);
        return stored.access;
      }
      try {
        const pair = await refresh(stored.refresh);
        store(sessionOf(pair));
        return pair.access_token;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        store(null);
        return null;
      }
    });
  }

  const unlisten = storage.listen(() => {
    const stored = storage.read();
    if (stored?.access !== current?.access) take(stored);
  });
  if (current) schedule(FIRST_CHECK_MS);

  return {
    session: () => current,
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    accept: (pair) => store(sessionOf(pair)),
    clear: () => store(null),
    rename(username) {
      const session = storage.read();
      if (!session) return;
      current = { ...session, user: { ...session.user, username } };
      storage.write(current);
      for (const heard of [...listeners]) heard(current);
    },
    async fresh() {
      if (!current) return null;
      if (due === null || now() < due) return current.access;
      return renew(current.access).catch(() => current?.access ?? null);
    },
    renew,
    close() {
      cancel();
      unlisten();
      listeners.clear();
    },
  };
}

function sessionOf(pair: TokenPair): StoredSession {
  return { access: pair.access_token, refresh: pair.refresh_token, expiresIn: pair.expires_in, user: pair.user };
}
