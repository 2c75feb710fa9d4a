// The voices of a group call, each in a media element of its own, whatever is on the screen.

import { createEffect, createSignal, For, onCleanup, Show } from "solid-js";
import { useI18n } from "../../i18n";
import { useHome } from "../context";
import { createSink } from "../sink";

export function GroupSounds() {
  const { group } = useHome();
  const { t } = useI18n();
  const [blocked, setBlocked] = createSignal<ReadonlyMap<string, () => void>>(new Map());
  const keys = () => group.sounds().map((sound) => sound.key);

  function onBlocked(key: string, play: (() => void) | null): void {
    setBlocked((known) => {
      const next = new Map(known);
      if (play) next.set(key, play);
      else next.delete(key);
      return next;
    });
  }

  return (
    <>
      <For each={keys()}>
        {(key) => (
          <Voice
            track={group.sounds().find((sound) => sound.key === key)?.track ?? null}
            onBlocked={(play) => onBlocked(key, play)}
          />
        )}
      </For>
      <Show when={blocked().size > 0}>
        <div class="sound-blocked" role="alert">
          {t("sound.blocked")}
          <button class="btn primary" onClick={() => blocked().forEach((play) => play())}>
            {t("sound.play")}
          </button>
        </div>
      </Show>
    </>
  );
}

function Voice(props: { track: MediaStreamTrack | null; onBlocked(play: (() => void) | null): void }) {
  let audio!: HTMLAudioElement;
  const sink = createSink(() => audio, props.onBlocked);
  createEffect(() => sink.play(props.track));
  onCleanup(() => {
    audio.srcObject = null;
    props.onBlocked(null);
  });
  return <audio ref={audio} data-testid="group-audio" />;
}
