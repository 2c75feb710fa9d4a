// The controls of a group call.

import { createSignal, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { failureText } from "../../i18n/errors";
import { asApiError, MediaError } from "../../stores/failure";
import { CallButton } from "../../ui/CallButton";
import { useCallKeys } from "../callKeys";
import { useHome } from "../context";
import { CameraButton, MicrophoneButton } from "../DeviceButtons";

export interface GroupTrayProps {
  onPeople(): void;
  onDevices(): void;
  onFull(): void;
  /** Why what was pressed did not come about; empty: nothing to say. */
  onFault(words: string): void;
}

export function GroupTray(props: GroupTrayProps) {
  const { group } = useHome();
  const { t } = useI18n();
  const muted = (): boolean => group.self().muted;
  const filmed = (): boolean => group.self().camera !== null;
  const sharing = (): boolean => group.self().screen !== null;
  const [said, setSaid] = createSignal("");

  function toggleMicrophone(): void {
    // That it is off stands on the stage.
    setSaid(muted() ? t("mic.on_note") : "");
    group.setMuted(!muted());
  }
  async function toggleCamera(): Promise<void> {
    const wanted = !filmed();
    await group.setCamera(wanted);
    // That it cannot be had stands on the stage.
    setSaid(filmed() === wanted ? t(wanted ? "group.said_cam_on" : "group.said_cam_off") : "");
  }
  async function toggleScreen(): Promise<void> {
    props.onFault("");
    try {
      await group.shareScreen(!sharing());
    } catch (error) {
      props.onFault(error instanceof MediaError ? t("screen.failed") : failureText(t, asApiError(error)));
    }
  }
  useCallKeys({ microphone: toggleMicrophone, camera: () => void toggleCamera(), full: () => props.onFull() });

  return (
    <div class="tray many" classList={{ six: group.self().canShare }} role="toolbar" aria-label={t("call.controls")}>
      <MicrophoneButton on={!muted()} testId="group-mute" onToggle={toggleMicrophone} />
      <CameraButton on={filmed()} testId="group-camera" onToggle={() => void toggleCamera()} />
      <Show when={group.self().canShare}>
        <CallButton
          icon="share"
          look={sharing() ? "on" : "off"}
          text={sharing() ? t("screen.stop") : t("screen.start")}
          testId="group-screen"
          onClick={() => void toggleScreen()}
        />
      </Show>
      <CallButton icon="people" look="off" text={t("group.people")} testId="group-people" onClick={() => props.onPeople()} />
      <CallButton icon="sliders" look="off" text={t("group.devices")} testId="group-devices" onClick={() => props.onDevices()} />
      <CallButton icon="end" look="end" text={t("group.leave")} testId="group-leave" onClick={() => group.leave()} />
      <p class="vh" role="status">
        {said()}
      </p>
    </div>
  );
}
