// The pages before one is signed in: their frame, the rings behind, the language switch.

import type { JSX } from "solid-js";
import { useI18n } from "../i18n";

export function Door(props: { children: JSX.Element; onSubmit(): void }) {
  const { t, language, choose } = useI18n();
  return (
    <main class="door">
      <svg class="art" viewBox="0 0 400 400" fill="none" stroke="currentColor" aria-hidden="true">
        <g stroke-width="14" opacity=".16">
          <circle cx="200" cy="200" r="60" />
          <circle cx="200" cy="200" r="104" />
          <circle cx="200" cy="200" r="148" />
          <circle cx="200" cy="200" r="192" />
        </g>
      </svg>
      <form
        class="door-in"
        novalidate
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        {props.children}
        <div class="lang">
          <span class="sm muted">{t("server.is", { host: location.host })}</span>
          <button class="btn" type="button" lang={t("lang.other_tag")} onClick={() => choose(language() === "ru" ? "en" : "ru")}>
            {t("lang.other")}
          </button>
        </div>
      </form>
    </main>
  );
}
