// The people of the server: who is there, and a call with one tap.

import { createMemo, createSignal, For, Match, onCleanup, onMount, Show, Switch } from "solid-js";
import type { PersonState } from "../stores/people";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { EmptyNote, FailedNote, LoadingRows } from "../ui/Waiting";
import { useApp, useHome } from "./context";
import { useIsFree } from "./free";
import { InviteDialog } from "./InviteDialog";
import { moveInList } from "./keys";
import { Link } from "./Link";
import { PersonLine } from "./PersonLine";

/** Who is in a call is asked for while the list is in sight. */
const REFRESH_MS = 20_000;

export function PeopleList() {
  const { session } = useApp();
  const { people } = useHome();
  const { t } = useI18n();
  const [inviting, setInviting] = createSignal(false);
  const [search, setSearch] = createSignal("");
  const found = createMemo(() => {
    const wanted = search().trim().toLocaleLowerCase();
    return people.all().filter((person) => person.username.toLocaleLowerCase().includes(wanted));
  });
  onMount(() => {
    people.reload();
    const timer = window.setInterval(() => {
      if (document.visibilityState === "visible") people.reload();
    }, REFRESH_MS);
    onCleanup(() => window.clearInterval(timer));
  });

  return (
    <section class="pane listp people" aria-label={t("people.title")}>
      <header class="top">
        <h1>{t("people.title")}</h1>
        <Show when={session.account()?.isAdmin}>
          <button
            class="ib"
            aria-label={t("people.invite")}
            title={t("people.invite")}
            onClick={() => setInviting(true)}
            data-testid="invite"
          >
            <Icon name="adduser" />
          </button>
          <InviteDialog open={inviting()} onClose={() => setInviting(false)} />
        </Show>
      </header>
      <div class="scroll">
        <label class="search">
          <Icon name="search" size="s" />
          <span class="vh">{t("people.search")}</span>
          <input
            type="search"
            placeholder={t("people.search")}
            value={search()}
            onInput={(event) => setSearch(event.currentTarget.value)}
            data-testid="people-search"
          />
        </label>
        <Switch>
          <Match when={people.state() === "loading"}>
            <LoadingRows text={t("people.loading")} />
          </Match>
          <Match when={people.state() === "failed"}>
            <FailedNote text={t("people.failed")} again={t("retry")} onAgain={() => people.reload()} />
          </Match>
          <Match when={people.all().length === 0}>
            <EmptyNote>{t("people.alone")}</EmptyNote>
          </Match>
          <Match when={found().length === 0}>
            <EmptyNote>{t("people.none")}</EmptyNote>
          </Match>
          <Match when={true}>
            <Group title={(n) => t("people.online_n", { n })} people={found().filter((person) => person.online)} />
            <Group title={(n) => t("people.offline_n", { n })} people={found().filter((person) => !person.online)} />
          </Match>
        </Switch>
      </div>
    </section>
  );
}

function Group(props: { title: (n: number) => string; people: readonly PersonState[] }) {
  const ids = createMemo(() => props.people.map((person) => person.id));
  return (
    <Show when={props.people.length > 0}>
      <h2 class="sec">{props.title(props.people.length)}</h2>
      <ul class="list" onKeyDown={moveInList}>
        <For each={ids()}>{(id) => <Row id={id} />}</For>
      </ul>
    </Show>
  );
}

function Row(props: { id: string }) {
  const { route } = useApp();
  const { call, people } = useHome();
  const { t } = useI18n();
  const isFree = useIsFree();
  const selected = (): boolean => {
    const at = route.route();
    return at.at === "person" && at.id === props.id;
  };
  return (
    <Show when={people.find(props.id)}>
      {(person) => (
        <li class="li tight-end" classList={{ sel: selected() }} data-testid={`person-${props.id}`}>
          <Link class="li-go" to={{ at: "person", id: props.id }} aria-current={selected() ? "true" : undefined}>
            <Avatar id={props.id} name={person().username} size={48} online={person().online} />
            <PersonLine person={person()} />
          </Link>
          <Show when={isFree()}>
            <button class="ib go" aria-label={t("chat.call_voice", { name: person().username })} onClick={() => call.dial(person(), "voice")}>
              <Icon name="phone" />
            </button>
            <button class="ib go" aria-label={t("chat.call_video", { name: person().username })} onClick={() => call.dial(person(), "video")}>
              <Icon name="video" />
            </button>
          </Show>
        </li>
      )}
    </Show>
  );
}
