// The people of this server, and who of them is there now.

import { createMemo, createSignal, onCleanup, type Accessor } from "solid-js";
import type { Api } from "../api/client";
import { asApiError } from "../api/failure";
import type { EventSource } from "../api/socket";
import type { ChatEvents, Person, Presence, User, UserId } from "../api/wire";
import type { Loading } from "./chats";

export interface PersonState extends Person {
  online: boolean;
  inCall: boolean;
  /** Null if unknown, or never. */
  lastSeenAt: string | null;
}

export interface PeopleStore {
  state: Accessor<Loading>;
  /** Everyone but the user, by name. */
  all: Accessor<readonly PersonState[]>;
  find(id: UserId): PersonState | undefined;
  reload(): void;
}

export interface PeopleOptions {
  api: Pick<Api, "users" | "presence">;
  events: EventSource<ChatEvents>;
  me: UserId;
  after(ms: number, task: () => void): () => void;
}

const RETRY_MS = 5_000;

export function createPeopleStore({ api, events, me, after }: PeopleOptions): PeopleStore {
  const [state, setState] = createSignal<Loading>("loading");
  const [users, setUsers] = createSignal<ReadonlyMap<UserId, Person>>(new Map());
  const [presence, setPresence] = createSignal<ReadonlyMap<UserId, Presence>>(new Map());
  let loading = false;
  let closed = false;
  let cancelRetry: () => void = () => {};

  const byId = createMemo(
    () =>
      new Map(
        [...users().values()]
          .sort((a, b) => a.username.localeCompare(b.username))
          .map((user): [UserId, PersonState] => {
            const seen = presence().get(user.id);
            return [
              user.id,
              { ...user, online: seen?.online ?? false, inCall: seen?.inCall ?? false, lastSeenAt: seen?.lastSeenAt ?? null },
            ];
          }),
      ),
  );
  const all = createMemo(() => [...byId().values()]);

  async function load(): Promise<void> {
    if (loading || closed) return;
    loading = true;
    cancelRetry();
    try {
      const [list, seen] = await Promise.all([api.users(), api.presence()]);
      setUsers(new Map(list.filter((user) => user.id !== me).map(({ id, username }) => [id, { id, username }])));
      setPresence(new Map(seen.map((each) => [each.userId, each])));
      setState("ready");
    } catch (error) {
      if (state() !== "ready") setState("failed");
      if (asApiError(error).passing) cancelRetry = after(RETRY_MS, () => void load());
    } finally {
      loading = false;
    }
  }

  function mark(userId: UserId, online: boolean): void {
    setPresence((map) => {
      const known = map.get(userId);
      const lastSeenAt = online ? (known?.lastSeenAt ?? null) : new Date().toISOString();
      return new Map(map).set(userId, { userId, online, lastSeenAt, inCall: online && (known?.inCall ?? false) });
    });
  }

  const stops = [
    events.on("ready", () => void load()),
    events.on("userConnected", (id) => {
      mark(id, true);
      if (id !== me && !users().has(id)) void load();
    }),
    events.on("userDisconnected", (id) => mark(id, false)),
    events.on("user_changed", ({ id, username }: User) => {
      if (id !== me) setUsers((map) => new Map(map).set(id, { id, username }));
    }),
    events.on("user_removed", ({ id }) => setUsers((map) => new Map([...map].filter(([key]) => key !== id)))),
  ];
  onCleanup(() => {
    closed = true;
    cancelRetry();
    for (const stop of stops) stop();
  });
  void load();

  return { state, all, find: (id) => byId().get(id), reload: () => void load() };
}
