// Registration by an invite: a link fills the code in, and it is checked before anything else is asked.

import { createEffect, createSignal, on, onCleanup } from "solid-js";
import { ApiError, asApiError } from "../stores/failure";
import { useI18n } from "../i18n";
import { failureText } from "../i18n/errors";
import { date } from "../i18n/time";
import { PasswordField, TextField } from "../ui/Field";
import { FamilyAvatar } from "../ui/Avatar";
import { useApp } from "./context";
import { Door } from "./Door";
import { Link } from "./Link";

type Check = { kind: "none" } | { kind: "checking" } | { kind: "good"; until: string | null } | { kind: "bad"; error: ApiError };

const PASSWORD_MIN = 6;
const CHECK_AFTER_MS = 500;

export function Join(props: { code: string }) {
  const { session } = useApp();
  const { t, language } = useI18n();
  const [code, setCode] = createSignal(props.code);
  const [check, setCheck] = createSignal<Check>({ kind: "none" });
  const [name, setName] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [tried, setTried] = createSignal(false);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<ApiError | null>(null);

  createEffect(
    on(code, (typed) => {
      const wanted = typed.trim();
      setCheck({ kind: "none" });
      if (wanted === "") return;
      const timer = window.setTimeout(() => void ask(wanted), typed === props.code ? 0 : CHECK_AFTER_MS);
      onCleanup(() => window.clearTimeout(timer));
    }),
  );

  async function ask(wanted: string): Promise<void> {
    setCheck({ kind: "checking" });
    try {
      const { expiresAt } = await session.checkInvite(wanted);
      if (code().trim() === wanted) setCheck({ kind: "good", until: expiresAt });
    } catch (error) {
      const failed = asApiError(error);
      if (code().trim() === wanted) setCheck({ kind: "bad", error: failed });
    }
  }

  async function submit(): Promise<void> {
    setTried(true);
    setFailure(null);
    if (busy() || code().trim() === "" || name().trim() === "" || [...password()].length < PASSWORD_MIN) return;
    setBusy(true);
    try {
      await session.register(name().trim(), password(), code().trim());
    } catch (error) {
      setFailure(asApiError(error));
      setBusy(false);
    }
  }

  /** The failure of the registration that belongs to a field whose codes begin like that. */
  const refused = (prefix: string): string | undefined => {
    const error = failure();
    if (!error?.code.startsWith(prefix)) return undefined;
    return failureText(
      t,
      error.code === "name.taken" ? new ApiError(error.code, error.status, { name: name().trim(), ...error.details }) : error,
    );
  };
  const elsewhere = (): string | undefined => {
    const error = failure();
    if (!error || ["name.", "password.", "invite."].some((prefix) => error.code.startsWith(prefix))) return undefined;
    return failureText(t, error);
  };
  const codeFault = (): string | undefined => {
    const state = check();
    if (tried() && code().trim() === "") return t("invite.need");
    if (state.kind === "bad" && state.error.code !== "network") return failureText(t, state.error);
    return refused("invite.");
  };
  const codeGood = (): string | undefined =>
    check().kind === "good" ? t(props.code !== "" ? "invite.ok_filled" : "invite.ok") : undefined;
  const until = (): string => {
    const state = check();
    return state.kind === "good" && state.until !== null ? t("invite.until", { date: date(language(), new Date(state.until)) }) : "";
  };
  const missing = (): number => PASSWORD_MIN - [...password()].length;

  return (
    <Door onSubmit={() => void submit()}>
      <div class="stack tight">
        <FamilyAvatar size={60} />
        <h1 class="greeting">{t("invite.title")}</h1>
        <p class="muted">{until() || t("invite.no_code")}</p>
      </div>
      <div class="stack">
        <TextField
          label={t("invite.code")}
          value={code()}
          onInput={setCode}
          code
          readonly={props.code !== "" && check().kind === "good"}
          hint={check().kind === "checking" ? t("invite.checking") : undefined}
          ok={codeGood()}
          fault={codeFault()}
          testId="join-code"
        />
        <TextField
          label={t("register.name")}
          value={name()}
          onInput={setName}
          autocomplete="username"
          maxLength={40}
          hint={t("name.hint")}
          fault={tried() && name().trim() === "" ? t("signin.need_name") : refused("name.")}
          testId="join-name"
        />
        <PasswordField
          label={t("register.password")}
          showLabel={t("password.show")}
          value={password()}
          onInput={setPassword}
          autocomplete="new-password"
          hint={t("password.hint")}
          fault={tried() && missing() > 0 ? t("password.short", { n: missing() }) : (refused("password.") ?? elsewhere())}
          testId="join-password"
        />
      </div>
      <div class="stack tight">
        <button class="btn primary big full" type="submit" aria-busy={busy()} data-testid="join-submit">
          {busy() ? t("signin.busy") : t("register.submit")}
        </button>
        <Link class="btn full" to={{ at: "chats" }}>
          {t("register.have_account")}
        </Link>
      </div>
    </Door>
  );
}
