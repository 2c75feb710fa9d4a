// The other side's voice, in a media element of its own, whatever is on the screen.

import { createEffect, createSignal, on, Show } from "solid-js";
import { useI18n } from "../i18n";
import { useHome } from "./context";

export function CallSound() {
  const { call } = useHome();
  const { t } = useI18n();
  const [blocked, setBlocked] = createSignal(false);
  let audio!: HTMLAudioElement;

  function play(): void {
    audio.play().then(
      () => setBlocked(false),
      // Without a gesture on this page a browser may refuse; interrupted by a new source it is no refusal.
      (error: unknown) => setBlocked(error instanceof DOMException && error.name === "NotAllowedError"),
    );
  }

  createEffect(
    on(
      () => call.media().remote.audio,
      (track) => {
        setBlocked(false);
        audio.srcObject = track ? new MediaStream([track]) : null;
        if (track) play();
      },
    ),
  );

  return (
    <>
      <audio ref={audio} data-testid="remote-audio" />
      <Show when={blocked()}>
        <div class="sound-blocked" role="alert">
          {t("sound.blocked")}
          <button class="btn primary" onClick={play}>
            {t("sound.play")}
          </button>
        </div>
      </Show>
    </>
  );
}
