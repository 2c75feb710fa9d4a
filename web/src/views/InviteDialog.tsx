// A new invite: its link, to copy or to send.

import { createEffect, createSignal, on, Show } from "solid-js";
import { asApiError, type ApiError } from "../stores/failure";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { useApp } from "./context";

export function InviteDialog(props: { open: boolean; onClose(): void }) {
  const { session } = useApp();
  const { t } = useI18n();
  const [link, setLink] = createSignal("");
  const [failure, setFailure] = createSignal<ApiError | null>(null);
  const [copied, setCopied] = createSignal(false);
  let field!: HTMLInputElement;

  async function make(): Promise<void> {
    setFailure(null);
    setLink("");
    setCopied(false);
    try {
      setLink(await session.invite());
    } catch (error) {
      setFailure(asApiError(error));
    }
  }

  createEffect(
    on(
      () => props.open,
      (open) => open && void make(),
    ),
  );

  async function copy(): Promise<void> {
    field.select();
    const clipboard = navigator.clipboard as Clipboard | undefined;
    try {
      await clipboard?.writeText(link());
      setCopied(clipboard !== undefined);
    } catch (error) {
      // A browser may refuse the clipboard, or have none without https: the link is selected, to be copied by hand.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  return (
    <Dialog open={props.open} title={t("people.invite")} close={t("close")} onClose={props.onClose}>
      <div class="stack">
        <p class="muted">{t("people.invite_text")}</p>
        <Show when={failure()}>
          {(error) => (
            <p class="note bad" role="alert">
              {failureText(t, error())}
            </p>
          )}
        </Show>
        <Show
          when={link()}
          fallback={
            <p class="muted" role="status">
              {failure() ? "" : t("people.invite_busy")}
            </p>
          }
        >
          <div class="box fixed">
            <input class="code" ref={field} readonly value={link()} aria-label={t("people.invite_link")} data-testid="invite-link" />
          </div>
          <div class="row wrap">
            <button class="btn primary grow" onClick={() => void copy()} data-testid="invite-copy">
              <Icon name={copied() ? "check" : "copy"} size="s" />
              {copied() ? t("people.invite_copied") : t("people.invite_copy")}
            </button>
            <Show when={"share" in navigator}>
              <button class="btn soft grow" onClick={() => void share(link())}>
                <Icon name="share" size="s" />
                {t("people.invite_share")}
              </button>
            </Show>
          </div>
        </Show>
      </div>
    </Dialog>
  );
}

async function share(url: string): Promise<void> {
  try {
    await navigator.share({ url });
  } catch (error) {
    // Closing the sheet without sending is not a failure.
    if (!(error instanceof DOMException)) throw error;
  }
}
