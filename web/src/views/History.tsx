// The calls of the past, newest first.

import { createEffect, createMemo, For, Match, on, Show, Switch } from "solid-js";
import type { Call } from "../api/wire";
import { useI18n, type Translate } from "../i18n";
import { moment, spanInWords } from "../i18n/time";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { EmptyNote, FailedNote, LoadingRows } from "../ui/Waiting";
import { useHome } from "./context";
import { now } from "./now";

export function History() {
  const { history, call, connection } = useHome();
  const { t } = useI18n();
  const resting = createMemo(() => call.phase().kind === "idle");
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
                  <For each={history.calls()}>{(past) => <PastCall past={past} />}</For>
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
    </main>
  );
}

function PastCall(props: { past: Call }) {
  const { me, call } = useHome();
  const { t, language } = useI18n();
  const outgoing = (): boolean => props.past.callerId === me;
  const other = () => (outgoing() ? props.past.receiver : props.past.caller);
  const missed = (): boolean => !outgoing() && props.past.status === "missed";
  const when = (): string => moment(t, language(), new Date(props.past.createdAt), now());
  return (
    <li class="li tight-end" data-testid="past-call" data-status={props.past.status}>
      <Avatar id={other().id} name={other().username} size={48} />
      <span class="li-in">
        <span class="li-t">
          <b class="one" classList={{ missed: missed() }}>
            {other().username}
          </b>
        </span>
        <span class="li-b wrap">
          <span class="row-icon" classList={{ missed: missed() }}>
            <Icon name={iconOf(props.past, outgoing())} size="xs" />
          </span>
          <span>{[kindOf(t, props.past, outgoing()), when(), outcome(t, props.past, outgoing())].filter(Boolean).join(" · ")}</span>
        </span>
      </span>
      <button
        class="ib go"
        aria-label={t(props.past.type === "video" ? "chat.call_video" : "chat.call_voice", { name: other().username })}
        onClick={() => call.dial(other(), props.past.type)}
      >
        <Icon name={props.past.type === "video" ? "video" : "phone"} />
      </button>
    </li>
  );
}

function iconOf(past: Call, outgoing: boolean): IconName {
  if (!outgoing && past.status === "missed") return "missed";
  if (past.type === "video") return "video";
  return outgoing ? "calls" : "phone";
}

function kindOf(t: Translate, past: Call, outgoing: boolean): string {
  const video = past.type === "video";
  if (outgoing) return t(video ? "history.outgoing_video" : "history.outgoing");
  if (past.status === "missed") return t(video ? "history.missed_video" : "history.missed");
  return t(video ? "history.incoming_video" : "history.incoming");
}

/** How it went, where that is not in its kind. */
function outcome(t: Translate, past: Call, outgoing: boolean): string {
  switch (past.status) {
    case "ringing":
    case "answered":
      return t("history.live");
    case "rejected":
      return t("history.rejected");
    case "missed":
      if (!outgoing) return "";
      return t(past.endReason === "cancelled" ? "history.cancelled" : "history.no_answer");
    case "ended":
      if (past.startedAt === null) return t("history.cancelled");
      return past.duration === null ? "" : spanInWords(t, past.duration);
  }
}
