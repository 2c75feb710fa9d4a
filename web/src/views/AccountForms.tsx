// Changing one's name and password.

import { createSignal, Show } from "solid-js";
import { asApiError, type ApiError } from "../stores/failure";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { PasswordField, TextField } from "../ui/Field";
import { useApp, useHome } from "./context";

export function NameForm() {
  const { session } = useApp();
  const { name } = useHome();
  const { t } = useI18n();
  const [typed, setTyped] = createSignal(name());
  const form = createForm(() => session.rename(typed().trim()), t("name.changed"));
  return (
    <form class="stack tight" onSubmit={form.submit} novalidate>
      <TextField
        label={t("settings.name")}
        value={typed()}
        onInput={(value) => {
          setTyped(value);
          form.reset();
        }}
        autocomplete="username"
        maxLength={40}
        hint={t("name.hint")}
        ok={form.done()}
        fault={form.fault()}
      />
      <Show when={typed().trim() !== name() && typed().trim() !== ""}>
        <button class="btn soft" type="submit" aria-busy={form.busy()}>
          {t("save")}
        </button>
      </Show>
    </form>
  );
}

export function PasswordForm() {
  const { session } = useApp();
  const { t } = useI18n();
  const [typed, setTyped] = createSignal("");
  const form = createForm(async () => {
    await session.changePassword(typed());
    setTyped("");
  }, t("password.changed"));
  return (
    <form class="stack tight" onSubmit={form.submit} novalidate>
      <PasswordField
        label={t("settings.new_password")}
        showLabel={t("password.show")}
        value={typed()}
        onInput={(value) => {
          setTyped(value);
          form.reset();
        }}
        autocomplete="new-password"
        hint={t("password.hint")}
        ok={form.done()}
        fault={form.fault()}
      />
      <Show when={[...typed()].length >= 6}>
        <button class="btn soft" type="submit" aria-busy={form.busy()}>
          {t("settings.change_password")}
        </button>
      </Show>
    </form>
  );
}

/** One small form: runs `save`, then says `success` or what went wrong. */
function createForm(save: () => Promise<void>, success: string) {
  const { t } = useI18n();
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<ApiError | null>(null);
  const [saved, setSaved] = createSignal(false);
  const reset = (): void => {
    setFailure(null);
    setSaved(false);
  };
  return {
    busy,
    reset,
    done: () => (saved() ? success : undefined),
    fault: () => {
      const error = failure();
      return error ? failureText(t, error) : undefined;
    },
    submit(event: SubmitEvent) {
      event.preventDefault();
      if (busy()) return;
      reset();
      setBusy(true);
      save()
        .then(() => setSaved(true))
        .catch((error: unknown) => setFailure(asApiError(error)))
        .finally(() => setBusy(false));
    },
  };
}
