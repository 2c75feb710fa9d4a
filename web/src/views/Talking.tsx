// A call that goes on: a face and a timer, or the other side's picture.

import { createSignal, Show } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { CallTimer } from "./CallTimer";
import { CallTray } from "./CallTray";
import { CameraFault } from "./CameraFault";
import { useHome } from "./context";
import { FoldButton } from "./FoldButton";
import { InviteThird } from "./group/InviteThird";
import { usePath } from "./path";
import { Picture } from "./Picture";

type Active = Extract<CallPhase, { kind: "active" }>;

export function Talking(props: { phase: Active; onFold(): void }) {
  const { call } = useHome();
  const { t } = useI18n();
  const [inviting, setInviting] = createSignal(false);
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
                <h1>{props.phase.peer.username}</h1>
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
          <div class="self-slot" classList={{ up: !remoteVideo() }}>
            <div class="tile selfv">
              <Picture class="fill" track={track()} mirrored label={t("call.video_self")} testId="local-video" />
            </div>
          </div>
        )}
      </Show>
      <CallTray endText={t("call.hangup")} video onInvite={() => setInviting(true)} />
      <InviteThird peer={props.phase.peer.id} open={inviting()} onClose={() => setInviting(false)} />
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
      <Show when={call.media().microphoneLost}>
        <p class="status" role="alert">
          {t("mic.lost")}
        </p>
      </Show>
      <CameraFault />
    </>
  );
}
