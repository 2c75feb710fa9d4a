// Why a call went as it did: the one sentence, what would help, and below it how it went step by step.

import { createResource, createSignal, For, Match, Show, Switch, type JSX } from "solid-js";
import { ApiError } from "../../stores/failure";
import type { CallEntry, CallExplanation } from "../../api/wire";
import { useI18n } from "../../i18n";
import { clockSeconds } from "../../i18n/time";
import { Icon } from "../../ui/Icon";
import { FailedNote, LoadingRows } from "../../ui/Waiting";
import { useHome } from "../context";
import { findingInWords, nameIn, stepInWords, type Told, type ToldStep } from "./explained";
import { reportOf } from "./reportText";

/** `children` stands between the sentence and the steps. */
export function Explanation(props: { entry: CallEntry; children: JSX.Element }) {
  const { history } = useHome();
  const { t } = useI18n();
  const [failed, setFailed] = createSignal(false);
  const [explanation, { refetch }] = createResource(
    () => props.entry.id,
    async (id) => {
      setFailed(false);
      try {
        return await history.explain(id);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        setFailed(true);
        return undefined;
      }
    },
  );
  return (
    <Switch>
      <Match when={explanation.loading}>
        <LoadingRows text={t("why.loading")} rows={2} />
        {props.children}
      </Match>
      <Match when={failed()}>
        {props.children}
        <FailedNote text={t("why.failed")} again={t("retry")} onAgain={() => void refetch()} />
      </Match>
      <Match when={explanation()}>
        {(known) => (
          <Known explanation={known()} entry={props.entry}>
            {props.children}
          </Known>
        )}
      </Match>
    </Switch>
  );
}

function Known(props: { explanation: CallExplanation; entry: CallEntry; children: JSX.Element }) {
  const { t, language } = useI18n();
  const name = () => nameIn(t, props.explanation);
  const finding = () => props.explanation.finding ?? null;
  const words = (): Told | null => {
    const found = finding();
    return found && findingInWords(t, language(), name(), found);
  };
  const also = () => props.explanation.also.map((each) => findingInWords(t, language(), name(), each));
  const steps = () => props.explanation.steps.map((each) => stepInWords(t, name(), props.entry.form === "group", each));
  return (
    <>
      <Show when={words()}>{(told) => <Sentence told={told()} code={finding()?.code ?? ""} />}</Show>
      {props.children}
      <Steps title={t("why.steps")} steps={steps().filter((step) => !step.technical)} />
      <details class="helper">
        <summary>{t("why.helper")}</summary>
        <div class="stack">
          <For each={also()}>{(told) => <p class="sm">{[told.title, told.text].filter(Boolean).join(". ")}</p>}</For>
          <Steps title={t("why.steps")} steps={steps()} />
          <p class="sm muted code">{t("why.call_id", { id: props.entry.id })}</p>
          <Copy text={() => reportOf(props.entry.id, words(), also(), steps(), props.explanation)} />
        </div>
      </details>
    </>
  );
}

function Sentence(props: { told: Told; code: string }) {
  const { t } = useI18n();
  return (
    <section
      class="note why"
      classList={{ bad: props.told.tone === "bad", ok: props.told.tone === "ok" }}
      aria-label={t("why.title")}
      data-testid="why"
      data-code={props.code}
    >
      <Icon name={props.told.tone === "ok" ? "check" : "alert"} />
      <div class="stack tight grow">
        <h3>{props.told.title}</h3>
        <Show when={props.told.text}>
          <p>{props.told.text}</p>
        </Show>
        <Show when={props.told.help}>
          <p>
            <b>{t("why.do")}</b> {props.told.help}
          </p>
        </Show>
      </div>
    </section>
  );
}

function Steps(props: { title: string; steps: readonly ToldStep[] }) {
  const { language } = useI18n();
  return (
    <Show when={props.steps.length > 0}>
      <section class="stack tight">
        <h3 class="sm muted">{props.title}</h3>
        <ol class="steps">
          <For each={props.steps}>
            {(step) => (
              <li classList={{ bad: step.bad }} data-testid="call-step">
                <time datetime={step.at.toISOString()}>{clockSeconds(language(), step.at)}</time>
                <i aria-hidden="true" />
                <span>{step.text}</span>
              </li>
            )}
          </For>
        </ol>
      </section>
    </Show>
  );
}

function Copy(props: { text(): string }) {
  const { t } = useI18n();
  const [copied, setCopied] = createSignal(false);
  const clipboard = navigator.clipboard as Clipboard | undefined;
  async function copy(): Promise<void> {
    try {
      await clipboard?.writeText(props.text());
      setCopied(true);
    } catch (error) {
      // A browser may refuse the clipboard; the steps can be read all the same.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return (
    <Show when={clipboard}>
      <button class="btn soft" onClick={() => void copy()} data-testid="why-copy">
        <Icon name={copied() ? "check" : "copy"} size="s" />
        <span role="status">{t(copied() ? "why.copied" : "why.copy")}</span>
      </button>
    </Show>
  );
}
