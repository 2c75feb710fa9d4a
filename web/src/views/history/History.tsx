// The calls of the past, newest first.

import { createEffect, createMemo, createSignal, For, Match, on, Show, Switch } from "solid-js";
import type { CallEntry } from "../../api/wire";
import { useI18n } from "../../i18n";
import { EmptyNote, FailedNote, LoadingRows } from "../../ui/Waiting";
import { useHome } from "../context";
import { CallDetails } from "./CallDetails";
import { PastCall } from "./PastCall";

export function History() {
  const { history, call, group, connection } = useHome();
  const { t } = useI18n();
  const [opened, setOpened] = createSignal<CallEntry | null>(null);
  const resting = createMemo(() => call.phase().kind === "idle" && group.phase().kind === "idle");
  createEffect(on([resting, connection], () => history.reload()));
  return (
    <main class="pane main plain" aria-label={t("history.title")}>
      <header class="top">
        <h1>{t("history.title")}</h1>
      </header>
      <div class="scroll">
        <div class="page">
          <Switch>
            <Match when={history.state() === "loading"}>
              <LoadingRows text={t("history.loading")} />
            </Match>
            <Match when={history.state() === "failed"}>
              <FailedNote text={t("history.failed")} again={t("retry")} onAgain={() => history.reload()} />
            </Match>
            <Match when={history.calls().length === 0}>
              <EmptyNote>{t("history.empty")}</EmptyNote>
            </Match>
            <Match when={true}>
              <section class="card">
                <ul class="list">
                  <For each={history.calls()}>{(entry) => <PastCall entry={entry} onOpen={() => setOpened(entry)} />}</For>
                </ul>
              </section>
              <Show when={history.more()}>
                <button class="btn" onClick={() => history.loadMore()}>
                  {t("history.more")}
                </button>
              </Show>
            </Match>
          </Switch>
        </div>
      </div>
      <CallDetails entry={opened()} onClose={() => setOpened(null)} />
    </main>
  );
}
