// The controls of a group call.

import { createSignal, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { CallButton } from "../../ui/CallButton";
import { useCallKeys } from "../callKeys";
import { useHome } from "../context";

export interface GroupTrayProps {
  onPeople(): void;
  onDevices(): void;
  onFull(): void;
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
  function toggleCamera(): void {
    setSaid(t(filmed() ? "group.said_cam_off" : "group.said_cam_on"));
    void group.setCamera(!filmed());
  }
  useCallKeys({ microphone: toggleMicrophone, camera: toggleCamera, full: () => props.onFull() });

  return (
    <div class="tray many" classList={{ six: group.self().canShare }} role="toolbar" aria-label={t("call.controls")}>
      <CallButton
        icon={muted() ? "micoff" : "mic"}
        look={muted() ? "mute" : "on"}
        text={muted() ? t("mic.label_off") : t("mic.label_on")}
        label={muted() ? t("mic.off") : t("mic.on")}
        testId="group-mute"
        onClick={toggleMicrophone}
      />
      <CallButton
        icon={filmed() ? "video" : "videooff"}
        look={filmed() ? "on" : "off"}
        text={filmed() ? t("cam.label_on") : t("cam.label_off")}
        label={filmed() ? t("cam.on") : t("cam.off")}
        testId="group-camera"
        onClick={toggleCamera}
      />
      <Show when={group.self().canShare}>
        <CallButton
          icon="share"
          look={sharing() ? "on" : "off"}
          text={sharing() ? t("screen.stop") : t("screen.start")}
          testId="group-screen"
          onClick={() => void group.shareScreen(!sharing())}
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
