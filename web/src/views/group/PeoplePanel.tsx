// Who is in the call, for whom it rings, who could be called too; and what a moderator may do.

import { createMemo, createSignal, For, Show, type JSX } from "solid-js";
import type { ModerateAction } from "../../api/group";
import type { UserId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { failureText } from "../../i18n/errors";
import { asApiError, type ApiError } from "../../stores/failure";
import type { GroupTile } from "../../stores/group";
import { Ask, Dialog } from "../../ui/Dialog";
import { useHome } from "../context";
import { OtherRow, PersonInCall } from "./PeopleRows";
import { useIsModerator, useNameOf } from "./names";

export function PeoplePanel(props: { open: boolean; onClose(): void }) {
  const { t } = useI18n();
  return (
    <Dialog open={props.open} title={t("group.people")} close={t("close")} onClose={props.onClose}>
      <Inside />
    </Dialog>
  );
}

function Inside() {
  const { group, people } = useHome();
  const { t } = useI18n();
  const nameOf = useNameOf();
  const isModerator = useIsModerator();
  const [failure, setFailure] = createSignal<ApiError | null>(null);
  const [removing, setRemoving] = createSignal<GroupTile | null>(null);
  const inside = createMemo(() => new Set(group.participants().map((tile) => tile.userId)));
  const ringing = createMemo(() => (group.current()?.ringing ?? []).filter((user) => !inside().has(user) && nameOf(user)));
  const others = createMemo(() => people.all().filter((person) => !inside().has(person.id) && !ringing().includes(person.id)));
  const locked = (): boolean => group.current()?.locked ?? false;

  function attempt(doing: Promise<void>): void {
    setFailure(null);
    doing.catch((error: unknown) => setFailure(asApiError(error)));
  }
  const moderate = (action: ModerateAction, user?: UserId): void => attempt(group.moderate(action, user));

  return (
    <div class="sheet-list people" data-testid="people-panel">
      <Show when={failure()}>
        {(error) => (
          <p class="note bad" role="alert">
            {failureText(t, error())}
          </p>
        )}
      </Show>
      <Show when={isModerator()}>
        <label class="set">
          <span class="grow">
            <b>{t("panel.lock")}</b>
            <span class="sm muted">{t("panel.lock_hint")}</span>
          </span>
          <input
            class="sw"
            type="checkbox"
            role="switch"
            checked={locked()}
            onChange={({ currentTarget }) => {
              // It shows what is, also when that is refused.
              currentTarget.checked = locked();
              moderate(locked() ? "unlock" : "lock");
            }}
            data-testid="group-lock"
          />
        </label>
      </Show>
      <Section title={t("panel.in", { n: group.participants().length })} show={group.participants().length > 0}>
        <For each={group.participants().map((tile) => tile.userId)}>
          {(user) => (
            <Show when={group.participants().find((tile) => tile.userId === user)}>
              {(tile) => (
                <PersonInCall
                  tile={tile()}
                  moderated={isModerator()}
                  onMute={() => moderate("mute", user)}
                  onRemove={() => setRemoving(tile())}
                />
              )}
            </Show>
          )}
        </For>
      </Section>
      <Section title={t("panel.ringing", { n: ringing().length })} show={ringing().length > 0}>
        <For each={ringing()}>{(user) => <OtherRow id={user} name={nameOf(user)} words={t("panel.ringing_row")} />}</For>
      </Section>
      <Section title={t("panel.others", { n: others().length })} show={others().length > 0}>
        <For each={others().map((person) => person.id)}>
          {(user) => <OtherRow id={user} name={nameOf(user)} onInvite={() => attempt(group.invite(user))} />}
        </For>
      </Section>
      <Ask
        open={removing() !== null}
        title={t("panel.remove_title")}
        text={t("panel.remove_text", { name: removing()?.username ?? "" })}
        yes={t("panel.remove_do")}
        no={t("cancel")}
        onYes={() => {
          const tile = removing();
          setRemoving(null);
          if (tile) moderate("remove", tile.userId);
        }}
        onNo={() => setRemoving(null)}
      />
    </div>
  );
}

function Section(props: { title: string; show: boolean; children: JSX.Element }) {
  return (
    <Show when={props.show}>
      <h3 class="sec">{props.title}</h3>
      <ul class="list">{props.children}</ul>
    </Show>
  );
}
