// Calls a third person into a call of two, which becomes a group call by that.

import { createSignal, For, Show } from "solid-js";
import type { UserId } from "../../api/wire";
import { useI18n } from "../../i18n";
import { failureText } from "../../i18n/errors";
import { asApiError, type ApiError } from "../../stores/failure";
import { Dialog } from "../../ui/Dialog";
import { useHome } from "../context";
import { OtherRow } from "./PeopleRows";

export function InviteThird(props: { peer: UserId; open: boolean; onClose(): void }) {
  const { people, group } = useHome();
  const { t } = useI18n();
  const [failure, setFailure] = createSignal<ApiError | null>(null);
  const others = () => people.all().filter((person) => person.id !== props.peer);

  async function invite(user: UserId): Promise<void> {
    setFailure(null);
    try {
      await group.invite(user);
      props.onClose();
    } catch (error) {
      setFailure(asApiError(error));
    }
  }

  return (
    <Dialog open={props.open} title={t("panel.invite_title")} close={t("close")} onClose={props.onClose}>
      <div class="sheet-list people" data-testid="invite-third">
        <Show when={failure()}>
          {(error) => (
            <p class="note bad" role="alert">
              {failureText(t, error())}
            </p>
          )}
        </Show>
        <Show when={others().length > 0} fallback={<p class="muted note-line">{t("panel.nobody")}</p>}>
          <ul class="list">
            <For each={others().map((person) => person.id)}>
              {(user) => <OtherRow id={user} name={people.find(user)?.username ?? ""} onInvite={() => void invite(user)} />}
            </For>
          </ul>
        </Show>
      </div>
    </Dialog>
  );
}
