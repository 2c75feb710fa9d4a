// Choosing whom to write.

import { createSignal, For, Show } from "solid-js";
import { asApiError, type ApiError } from "../stores/failure";
import type { PersonState } from "../stores/people";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { Avatar } from "../ui/Avatar";
import { Dialog } from "../ui/Dialog";
import { useApp, useHome } from "./context";
import { moveInList } from "./keys";
import { PersonLine } from "./PersonLine";

export function NewChat(props: { open: boolean; onClose(): void }) {
  const { chats, people } = useHome();
  const { route } = useApp();
  const { t } = useI18n();
  const [failure, setFailure] = createSignal<ApiError | null>(null);

  async function start(person: PersonState): Promise<void> {
    setFailure(null);
    try {
      const id = await chats.startPrivate(person.id);
      props.onClose();
      route.go({ at: "chat", id });
    } catch (error) {
      setFailure(asApiError(error));
    }
  }

  return (
    <Dialog open={props.open} title={t("chats.new_title")} close={t("close")} onClose={props.onClose}>
      <Show when={failure()}>
        {(error) => (
          <p class="note bad" role="alert">
            {failureText(t, error())}
          </p>
        )}
      </Show>
      <Show when={people.all().length > 0} fallback={<p class="muted">{t("people.alone")}</p>}>
        <ul class="list sheet-list people" onKeyDown={moveInList}>
          <For each={people.all()}>
            {(person) => (
              <li>
                <button class="li" onClick={() => void start(person)} data-testid={`write-to-${person.id}`}>
                  <Avatar id={person.id} name={person.username} size={48} online={person.online} />
                  <PersonLine person={person} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </Dialog>
  );
}
