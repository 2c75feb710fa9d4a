// The field to write in: grows with the text, keeps it as a draft.

import { createEffect, on, onMount, Show } from "solid-js";
import type { ChatId } from "../api/wire";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { useHome } from "./context";
import { hasTouchKeyboard, isWide } from "./wide";

/** `chat.max_message_length` of the server; what is longer it would refuse. */
const MAX_CHARACTERS = 10_000;

export function Composer(props: { chat: ChatId; onSent(): void }) {
  const { drafts, outbox } = useHome();
  const { t } = useI18n();
  let field!: HTMLTextAreaElement;
  const text = (): string => drafts.of(props.chat);
  const excess = (): number => [...text().trim()].length - MAX_CHARACTERS;

  function fit(): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, window.innerHeight * 0.35)}px`;
  }

  function send(): void {
    const content = text().trim();
    if (content === "" || excess() > 0) return;
    outbox.send(props.chat, content);
    drafts.set(props.chat, "");
    props.onSent();
    field.focus();
  }

  onMount(() => isWide() && field.focus({ preventScroll: true }));
  createEffect(on([text, () => props.chat], fit));

  return (
    <form
      class="composer"
      aria-label={t("composer.label")}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="in">
        <textarea
          ref={field}
          rows={1}
          value={text()}
          placeholder={t("composer.placeholder")}
          aria-label={t("composer.placeholder")}
          enterkeyhint="enter"
          data-testid="composer"
          onInput={(event) => drafts.set(props.chat, event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing || hasTouchKeyboard()) return;
            event.preventDefault();
            send();
          }}
        />
      </div>
      <Show when={excess() > 0}>
        <p class="hint bad too-long" role="alert">
          {t("composer.long", { n: excess() })}
        </p>
      </Show>
      <button class="ib send" aria-label={t("composer.send")} data-testid="send">
        <Icon name="send" />
      </button>
    </form>
  );
}
