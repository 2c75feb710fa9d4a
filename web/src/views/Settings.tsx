// How the client looks, who one is, and the way out.

import { createSignal, Show } from "solid-js";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { Ask } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { Segmented } from "../ui/Segmented";
import { NameForm, PasswordForm } from "./AccountForms";
import { useApp, useHome } from "./context";
import { DeviceFields } from "./group/DeviceFields";

export function Settings() {
  const { theme } = useApp();
  const { me, name, devices } = useHome();
  const { t, choice, choose } = useI18n();
  /** Before the first permission browsers tell neither names nor ids. */
  const isNamed = (): boolean => [...devices.microphones(), ...devices.cameras()].some((device) => device.id !== "" && device.label !== "");
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
          <section class="card pad stack">
            <h2>{t("dev.title")}</h2>
            <Show when={isNamed()} fallback={<p class="muted">{t("dev.later")}</p>}>
              <DeviceFields />
            </Show>
          </section>
          <SignOut />
        </div>
      </div>
    </main>
  );
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
