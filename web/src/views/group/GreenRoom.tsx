// Before the call: one looks at oneself, hears that the microphone works, and goes in.

import { createEffect, onMount, Show } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupPhase } from "../../stores/group";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { useCallKeys } from "../callKeys";
import { useHome } from "../context";
import { CameraButton, MicrophoneButton } from "../DeviceButtons";
import { Picture } from "../Picture";
import { DeviceFields } from "./DeviceFields";
import { MicrophoneMeter } from "./MicrophoneMeter";
import { namesLine } from "./words";

export function GreenRoom(props: { phase: Extract<GroupPhase, { kind: "ready" }>; title: string }) {
  const { me, chats, devices, group } = useHome();
  const { t } = useI18n();
  // Before the microphone was allowed, nothing had a name to choose it by.
  createEffect(() => props.phase.open && devices.refresh());
  const living = () => group.calls().get(props.phase.chat);
  const inside = (): string => {
    const call = living();
    if (!call) return t("green.will_ring", { n: Math.max(0, (chats.row(props.phase.chat)?.participants.length ?? 1) - 1) });
    const names = call.participants.filter((each) => each.userId !== me).map((each) => each.username);
    return names.length > 0 ? t("green.in", { names: namesLine(t, names) }) : t("green.nobody");
  };
  return (
    <div class="green" data-testid="green-room">
      <header class="top group-top">
        <span class="side-l">
          <button class="ib" aria-label={t("green.cancel")} onClick={() => group.dismiss()} data-testid="green-cancel">
            <Icon name="x" />
          </button>
        </span>
        <div class="who-timer">
          <h1 class="one">{props.title}</h1>
          <p class="sm muted">{inside()}</p>
        </div>
        <span class="side-r" />
      </header>
      <div class="green-in">
        <Mirror />
        <section class="card pad stack green-card" aria-label={t("dev.title")}>
          <Show when={props.phase.fault} fallback={<MicrophoneMeter />}>
            {(fault) => (
              <p class="note bad" role="alert">
                <Icon name="alert" />
                <span>{t(`end.${fault()}`)}</span>
              </p>
            )}
          </Show>
          <DeviceFields />
        </section>
      </div>
      <div class="green-go">
        <Show
          when={props.phase.fault === null}
          fallback={
            <button class="btn primary big" onClick={() => group.prepare(props.phase.chat, props.phase.type)} data-testid="green-retry">
              {t("retry")}
            </button>
          }
        >
          <button class="btn primary big" ref={focusNow} onClick={() => group.enter()} data-testid="green-join">
            <Icon name={props.phase.type === "video" ? "video" : "phone"} size="s" />
            {living() ? t("green.join") : t("green.start")}
          </button>
        </Show>
      </div>
    </div>
  );
}

function focusNow(button: HTMLButtonElement): void {
  onMount(() => button.focus({ preventScroll: true }));
}

/** Oneself, and the two switches one wants set before others look. */
function Mirror() {
  const { me, name, group } = useHome();
  const { t } = useI18n();
  const muted = (): boolean => group.self().muted;
  const filmed = (): boolean => group.self().camera !== null;
  const toggleMicrophone = (): void => group.setMuted(!muted());
  const toggleCamera = (): void => void group.setCamera(!filmed());
  useCallKeys({ microphone: toggleMicrophone, camera: toggleCamera });
  return (
    <div class="mirror">
      <div class="tile">
        <Show
          when={group.self().camera}
          fallback={
            <div class="no-camera">
              <Avatar id={me} name={name()} size={96} />
              <p class="sm" role={group.self().cameraFault ? "alert" : undefined}>
                {group.self().cameraFault ? t("cam.fault") : t("green.no_camera")}
              </p>
            </div>
          }
        >
          {(track) => <Picture class="fill" track={track()} mirrored label={t("call.video_self")} testId="green-video" />}
        </Show>
      </div>
      <div class="tray two" role="toolbar" aria-label={t("call.controls")}>
        <MicrophoneButton on={!muted()} testId="green-mute" onToggle={toggleMicrophone} />
        <CameraButton on={filmed()} testId="green-camera" onToggle={toggleCamera} />
      </div>
    </div>
  );
}
