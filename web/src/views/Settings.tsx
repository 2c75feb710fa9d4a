// How the client looks, who one is, and the way out.

import { createSignal, Show } from "solid-js";
import { asApiError, type ApiError } from "../api/failure";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { Avatar } from "../ui/Avatar";
import { Ask } from "../ui/Dialog";
import { PasswordField, TextField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Segmented } from "../ui/Segmented";
import { useApp, useHome } from "./context";

export function Settings() {
  const { theme } = useApp();
  const { me, name } = useHome();
  const { t, choice, choose } = useI18n();
  return (
    <main class="pane main plain">
      <header class="top">
        <h1>{t("settings.title")}</h1>
      </header>
      <div class="scroll">
        <div class="page">
          <section class="card pad stack">
            <div class="row">
              <Avatar id={me} name={name()} size={64} />
              <h2 class="grow">{name()}</h2>
            </div>
            <NameForm />
            <PasswordForm />
          </section>
          <section class="card pad stack">
            <h2>{t("settings.theme")}</h2>
            <Segmented
              label={t("settings.theme")}
              value={theme.choice()}
              onChange={(value) => theme.choose(value)}
              options={[
                { value: "system", label: t("settings.theme_system") },
                { value: "light", label: t("settings.theme_light") },
                { value: "dark", label: t("settings.theme_dark") },
              ]}
            />
            <h2>{t("settings.language")}</h2>
            <Segmented
              label={t("settings.language")}
              value={choice()}
              onChange={choose}
              options={[
                { value: "system", label: t("settings.language_system") },
                { value: "ru", label: "Русский" },
                { value: "en", label: "English" },
              ]}
            />
          </section>
          <SignOut />
        </div>
      </div>
    </main>
  );
}

function NameForm() {
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

function PasswordForm() {
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

function SignOut() {
  const { session } = useApp();
  const { chats, outbox } = useHome();
  const { t } = useI18n();
  const [asking, setAsking] = createSignal(false);
  const pending = (): number => chats.rows().reduce((sum, row) => sum + outbox.of(row.id).length, 0);
  return (
    <section class="card">
      <button class="btn danger-text full big" onClick={() => setAsking(true)} data-testid="sign-out">
        <Icon name="out" />
        {t("settings.signout")}
      </button>
      <Ask
        open={asking()}
        title={t("settings.signout_ask")}
        text={
          <>
            <p>{t("settings.signout_text")}</p>
            <Show when={pending() > 0}>
              <p>{t("settings.signout_pending", { n: pending() })}</p>
            </Show>
          </>
        }
        yes={t("settings.signout_do")}
        no={t("cancel")}
        onYes={() => void session.signOut()}
        onNo={() => setAsking(false)}
      />
    </section>
  );
}
