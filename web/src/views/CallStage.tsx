// The call that this device makes or holds: going out, connected, over.

import { createMemo, Match, Show, Switch } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { Rings } from "../ui/Rings";
import { CallEnded } from "./CallEnded";
import { CallTimer } from "./CallTimer";
import { CallTray } from "./CallTray";
import { useHome } from "./context";
import { Picture } from "./Picture";
import { usePath } from "./path";

type Outgoing = Extract<CallPhase, { kind: "preparing" | "calling" }>;
type Active = Extract<CallPhase, { kind: "active" }>;

export function CallStage(props: { onFold(): void }) {
  const { call } = useHome();
  const outgoing = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "preparing" || phase.kind === "calling" ? phase : null;
  });
  const active = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "active" ? phase : null;
  });
  const ended = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "ended" ? phase : null;
  });
  return (
    <main class="pane main stage" data-testid="call-stage" data-phase={call.phase().kind}>
      <Switch>
        <Match when={outgoing()}>{(phase) => <Calling phase={phase()} onFold={props.onFold} />}</Match>
        <Match when={active()}>{(phase) => <Talking phase={phase()} onFold={props.onFold} />}</Match>
        <Match when={ended()}>{(phase) => <CallEnded phase={phase()} />}</Match>
      </Switch>
    </main>
  );
}

function FoldButton(props: { onFold(): void }) {
  const { t } = useI18n();
  return (
    <button class="ib" aria-label={t("call.fold")} onClick={() => props.onFold()} data-testid="call-fold">
      <Icon name="mini" />
    </button>
  );
}

function Calling(props: { phase: Outgoing; onFold(): void }) {
  const { call } = useHome();
  const { t } = useI18n();
  const devices = (): number | null => (props.phase.kind === "calling" ? props.phase.devices : null);
  const status = (): string => {
    if (props.phase.kind === "preparing") return t("call.preparing");
    const n = devices();
    if (n === null) return t("call.reaching");
    return n === 0 ? t("call.nowhere", { name: props.phase.peer.username }) : t("call.ringing", { n });
  };
  return (
    <>
      <Show when={call.media().camera}>
        {(track) => <Picture class="cover dim" track={track()} mirrored label={t("call.video_self")} testId="local-video" />}
      </Show>
      <header class="top">
        <FoldButton onFold={props.onFold} />
      </header>
      <div class="centre">
        <Rings id={props.phase.peer.id} name={props.phase.peer.username} count={devices() ?? 0} />
        <h1>{props.phase.peer.username}</h1>
        <p class="status" role="status" data-testid="call-status">
          {status()}
        </p>
        <CameraFault />
      </div>
      <CallTray endText={t("call.cancel")} video={props.phase.type === "video"} />
    </>
  );
}

function Talking(props: { phase: Active; onFold(): void }) {
  const { call } = useHome();
  const { t } = useI18n();
  const remoteVideo = () => call.media().remote.video;
  return (
    <>
      <Show
        when={remoteVideo()}
        fallback={
          <>
            <header class="top">
              <FoldButton onFold={props.onFold} />
            </header>
            <div class="centre">
              <div class="calm">
                <Avatar id={props.phase.peer.id} name={props.phase.peer.username} size={148} />
              </div>
              <h1>{props.phase.peer.username}</h1>
              <Show when={props.phase.path !== "connecting"}>
                <CallTimer since={props.phase.since} class="timer" />
              </Show>
              <Notes phase={props.phase} />
            </div>
          </>
        }
      >
        {(track) => (
          <>
            <Picture class="cover" track={track()} label={t("call.video_of", { name: props.phase.peer.username })} testId="remote-video" />
            <div class="shade-t" />
            <div class="shade-b" />
            <header class="top">
              <FoldButton onFold={props.onFold} />
              <span class="who-timer">
                <b>{props.phase.peer.username}</b>
                <CallTimer since={props.phase.since} class="num sm" />
              </span>
              <span class="ib" />
            </header>
            <div class="grow notes-over">
              <Notes phase={props.phase} />
            </div>
          </>
        )}
      </Show>
      <Show when={call.media().camera}>
        {(track) => (
          <div class="tile selfv" classList={{ up: !remoteVideo() }}>
            <Picture class="fill" track={track()} mirrored label={t("call.video_self")} testId="local-video" />
          </div>
        )}
      </Show>
      <CallTray endText={t("call.hangup")} video />
    </>
  );
}

/** What is not as it should be, else nothing. */
function Notes(props: { phase: Active }) {
  const { call } = useHome();
  const { t } = useI18n();
  const path = usePath();
  return (
    <>
      <p class="status" role="status" data-testid="call-status">
        {path(props.phase)}
      </p>
      <p class="muted" role="status">
        <Show when={call.media().muted}>
          <Icon name="micoff" size="s" /> {t("mic.off_note")}
        </Show>
      </p>
      <CameraFault />
    </>
  );
}

function CameraFault() {
  const { call } = useHome();
  const { t } = useI18n();
  return (
    <Show when={call.media().cameraFault}>
      <p class="muted" role="alert">
        <Icon name="videooff" size="s" /> {t("cam.fault")}
      </p>
    </Show>
  );
}
