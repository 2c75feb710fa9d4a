// Who is signed in in this browser.

import { createSignal, onCleanup, type Accessor } from "solid-js";
import type { Api } from "../api/client";
import { asApiError } from "../api/failure";
import type { Tokens } from "../api/tokens";
import type { Account, InviteCheck } from "../api/wire";
import { pathOf } from "./route";

export interface SessionStore {
  account: Accessor<Account | null>;
  /** True after the server ended the session by itself, until the next sign-in. */
  wasEnded: Accessor<boolean>;
  /** These reject with `ApiError`. */
  signIn(username: string, password: string): Promise<void>;
  register(username: string, password: string, invite: string): Promise<void>;
  checkInvite(code: string): Promise<InviteCheck>;
  /** For administrators: the address that lets one person in, for 7 days. */
  invite(): Promise<string>;
  rename(username: string): Promise<void>;
  changePassword(password: string): Promise<void>;
  /** Forgets the session here even if the server cannot be told. */
  signOut(): Promise<void>;
}

const INVITE_MS = 7 * 86_400_000;

export function createSessionStore(api: Api, tokens: Tokens): SessionStore {
  const [account, setAccount] = createSignal<Account | null>(tokens.session()?.user ?? null, { equals: sameAccount });
  const [wasEnded, setEnded] = createSignal(false);
  let leaving = false;

  const unlisten = tokens.listen((session) => {
    setEnded(session === null && !leaving && account() !== null);
    setAccount(session?.user ?? null);
  });
  onCleanup(unlisten);

  const change = async (fields: { username?: string; password?: string }): Promise<void> => {
    const session = tokens.session();
    if (!session) return;
    const user = await api.updateUser(session.user.id, fields);
    tokens.rename(user.username);
  };

  return {
    account,
    wasEnded,
    async signIn(username, password) {
      tokens.accept(await api.login(username, password));
    },
    async register(username, password, invite) {
      await api.register(username, password, invite);
      tokens.accept(await api.login(username, password));
    },
    checkInvite: (code) => api.checkInvite(code),
    async invite() {
      const { code } = await api.createInvite(new Date(Date.now() + INVITE_MS).toISOString());
      return location.origin + pathOf({ at: "join", code });
    },
    rename: (username) => change({ username }),
    changePassword: (password) => change({ password }),
    async signOut() {
      leaving = true;
      try {
        await api.logout();
      } catch (error) {
        // The tokens here are forgotten all the same; the server ends the session when its refresh token expires.
        asApiError(error);
      } finally {
        tokens.clear();
        leaving = false;
      }
    },
  };
}

function sameAccount(a: Account | null, b: Account | null): boolean {
  return a?.id === b?.id && a?.username === b?.username;
}
