// A call that goes out: whom it reaches, on how many devices it rings.

import { Show } from "solid-js";
import type { CallPhase } from "../rtc/call";
import { useI18n } from "../i18n";
import { Rings } from "../ui/Rings";
import { CallTray } from "./CallTray";
import { CameraFault } from "./CameraFault";
import { useHome } from "./context";
import { FoldButton } from "./FoldButton";
import { Picture } from "./Picture";

type Outgoing = Extract<CallPhase, { kind: "preparing" | "calling" }>;

export function Calling(props: { phase: Outgoing; onFold(): void }) {
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
