// One person: call or write.

import { createSignal, Show } from "solid-js";
import { asApiError, type ApiError } from "../stores/failure";
import type { UserId } from "../api/wire";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { useApp, useHome } from "./context";
import { useIsFree } from "./free";
import { usePresenceWords } from "./PersonLine";

export function PersonView(props: { id: UserId }) {
  const { people, chats, call } = useHome();
  const { route } = useApp();
  const { t } = useI18n();
  const words = usePresenceWords();
  const isFree = useIsFree();
  const [failure, setFailure] = createSignal<ApiError | null>(null);

  async function write(): Promise<void> {
    setFailure(null);
    try {
      route.go({ at: "chat", id: await chats.startPrivate(props.id) });
    } catch (error) {
      setFailure(asApiError(error));
    }
  }

  return (
    <main class="pane main plain">
      <header class="top back only-phone">
        <button class="ib" aria-label={t("back")} onClick={() => route.back({ at: "people" })}>
          <Icon name="back" />
        </button>
      </header>
      <div class="scroll">
        <Show when={people.find(props.id)}>
          {(person) => (
            <div class="page person">
              <Avatar id={person().id} name={person().username} size={120} />
              <h1>{person().username}</h1>
              <p class="muted">{words(person())}</p>
              <div class="row wrap middle">
                <Show when={isFree()}>
                  <button class="btn primary" onClick={() => call.dial(person(), "voice")} data-testid="call-voice">
                    <Icon name="phone" size="s" />
                    {t("people.call")}
                  </button>
                  <button class="btn soft" onClick={() => call.dial(person(), "video")} data-testid="call-video">
                    <Icon name="video" size="s" />
                    {t("people.video")}
                  </button>
                </Show>
                <button class="btn soft" onClick={() => void write()} data-testid="person-write">
                  <Icon name="chats" size="s" />
                  {t("people.write")}
                </button>
              </div>
              <Show when={failure()}>
                {(error) => (
                  <p class="note bad" role="alert">
                    {failureText(t, error())}
                  </p>
                )}
              </Show>
            </div>
          )}
        </Show>
      </div>
    </main>
  );
}
