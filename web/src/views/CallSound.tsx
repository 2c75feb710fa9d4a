// The other side's voice, in a media element of its own, whatever is on the screen.

import { createEffect, createSignal, on, Show } from "solid-js";
import { useI18n } from "../i18n";
import { useHome } from "./context";
import { createSink } from "./sink";

export function CallSound() {
  const { call } = useHome();
  const { t } = useI18n();
  const [blocked, setBlocked] = createSignal<(() => void) | null>(null);
  let audio!: HTMLAudioElement;
  const sink = createSink(
    () => audio,
    (play) => setBlocked(() => play),
  );
  createEffect(on(() => call.media().remote.audio, sink.play));

  return (
    <>
      <audio ref={audio} data-testid="remote-audio" />
      <Show when={blocked()}>
        {(play) => (
          <div class="sound-blocked" role="alert">
            {t("sound.blocked")}
            <button class="btn primary" onClick={() => play()()}>
              {t("sound.play")}
            </button>
          </div>
        )}
      </Show>
    </>
  );
}
