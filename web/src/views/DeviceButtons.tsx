// The two switches of every call: the microphone and the camera.

import { useI18n } from "../i18n";
import { CallButton } from "../ui/CallButton";

export interface DeviceButtonProps {
  on: boolean;
  testId: string;
  onToggle(): void;
}

export function MicrophoneButton(props: DeviceButtonProps) {
  const { t } = useI18n();
  return (
    <CallButton
      icon={props.on ? "mic" : "micoff"}
      look={props.on ? "on" : "mute"}
      text={t(props.on ? "mic.label_on" : "mic.label_off")}
      label={t(props.on ? "mic.on" : "mic.off")}
      testId={props.testId}
      onClick={() => props.onToggle()}
    />
  );
}

export function CameraButton(props: DeviceButtonProps) {
  const { t } = useI18n();
  return (
    <CallButton
      icon={props.on ? "video" : "videooff"}
      look={props.on ? "on" : "off"}
      text={t(props.on ? "cam.label_on" : "cam.label_off")}
      label={t(props.on ? "cam.on" : "cam.off")}
      testId={props.testId}
      onClick={() => props.onToggle()}
    />
  );
}
