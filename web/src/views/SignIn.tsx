// Signing in with a name and a password.

import { createSignal, Show } from "solid-js";
import { ApiError, asApiError } from "../stores/failure";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { PasswordField, TextField } from "../ui/Field";
import { Icon, Logo } from "../ui/Icon";
import { useApp } from "./context";
import { Door } from "./Door";
import { Link } from "./Link";

export function SignIn() {
  const { session } = useApp();
  const { t } = useI18n();
  const [name, setName] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [tried, setTried] = createSignal(false);
  const [failure, setFailure] = createSignal<ApiError | null>(null);
  let nameInput: HTMLInputElement | undefined;
  let passwordInput: HTMLInputElement | undefined;

  async function submit(): Promise<void> {
    setTried(true);
    setFailure(null);
    if (name().trim() === "") return nameInput?.focus();
    if (password() === "") return passwordInput?.focus();
    if (busy()) return;
    setBusy(true);
    try {
      await session.signIn(name().trim(), password());
    } catch (error) {
      setFailure(asApiError(error));
      setBusy(false);
      passwordInput?.focus();
    }
  }

  const failed = (): string | undefined => {
    const error = failure();
    if (!error) return undefined;
    return error.status === 401 ? t("signin.bad") : failureText(t, error);
  };

  return (
    <Door onSubmit={() => void submit()}>
      <div class="wordmark">
        <Logo size={52} />
        <span>{t("app.name")}</span>
      </div>
      <div class="stack tight">
        <h1 class="greeting">{t("signin.title")}</h1>
        <p class="muted">{t("app.about")}</p>
      </div>
      <Show when={session.wasEnded()}>
        <p class="note warn" role="status">
          <Icon name="alert" />
          {t("signin.ended")}
        </p>
      </Show>
      <div class="stack">
        <TextField
          label={t("signin.name")}
          value={name()}
          onInput={setName}
          autocomplete="username"
          testId="login-name"
          fault={tried() && name().trim() === "" ? t("signin.need_name") : undefined}
          ref={(input) => (nameInput = input)}
        />
        <PasswordField
          label={t("signin.password")}
          showLabel={t("password.show")}
          value={password()}
          onInput={setPassword}
          autocomplete="current-password"
          testId="login-password"
          fault={tried() && password() === "" ? t("signin.need_password") : failed()}
          ref={(input) => (passwordInput = input)}
        />
      </div>
      <div class="stack tight">
        <button class="btn primary big full" type="submit" aria-busy={busy()} data-testid="login-submit">
          {busy() ? t("signin.busy") : t("signin.submit")}
        </button>
        <Link class="btn full" to={{ at: "join", code: "" }} testId="have-invite">
          {t("signin.have_invite")}
        </Link>
      </div>
    </Door>
  );
}
