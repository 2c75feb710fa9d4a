// The controls of a call, in reach of a thumb; M and V do the same from a keyboard.

import { createSignal, Show } from "solid-js";
import { useI18n } from "../i18n";
import { CallButton } from "../ui/CallButton";
import { useCallKeys } from "./callKeys";
import { useHome } from "./context";
import { CameraButton, MicrophoneButton } from "./DeviceButtons";

export interface CallTrayProps {
  endText: string;
  /** The camera can be turned on and off. */
  video: boolean;
  /** There while a third person can be called in. */
  onInvite?: () => void;
}

export function CallTray(props: CallTrayProps) {
  const { call } = useHome();
  const { t } = useI18n();
  const muted = (): boolean => call.media().muted;
  const shown = (): boolean => call.media().camera !== null;
  const [said, setSaid] = createSignal("");
  function toggleMicrophone(): void {
    call.setMuted(!muted());
    // That it is off stands on the stage.
    setSaid(muted() ? "" : t("mic.on_note"));
  }
  const toggleCamera = (): void => void call.setCamera(!shown());

  useCallKeys({ microphone: toggleMicrophone, camera: () => props.video && toggleCamera() });

  return (
    <div class="tray" role="toolbar" aria-label={t("call.controls")}>
      <MicrophoneButton on={!muted()} testId="call-mute" onToggle={toggleMicrophone} />
      <Show when={props.video}>
        <CameraButton on={shown()} testId="call-camera" onToggle={toggleCamera} />
      </Show>
      <Show when={props.onInvite}>
        {(invite) => <CallButton icon="adduser" look="off" text={t("panel.call")} testId="call-invite" onClick={() => invite()()} />}
      </Show>
      <CallButton icon="end" look="end" text={props.endText} testId="call-hangup" onClick={() => call.hangUp()} />
      <p class="vh" role="status">
        {said()}
      </p>
    </div>
  );
}
