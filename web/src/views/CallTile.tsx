// The call while one looks elsewhere: a small tile in a corner of one's choice.

import { createMemo, createSignal, Match, Show, Switch } from "solid-js";
import { useI18n } from "../i18n";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { CallTimer } from "./CallTimer";
import { useHome } from "./context";
import { Picture } from "./Picture";

type Corner = "tl" | "tr" | "bl" | "br";

export function CallTile(props: { onUnfold(): void }) {
  const { call } = useHome();
  const { t } = useI18n();
  const [corner, setCorner] = createSignal<Corner>("tr");
  const [drag, setDrag] = createSignal<{ x: number; y: number } | null>(null);
  const peer = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "idle" ? null : phase.peer;
  });
  const active = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "active" ? phase : null;
  });
  let start = { x: 0, y: 0 };

  function drop(event: PointerEvent): void {
    if (!drag()) return;
    setDrag(null);
    const vertical = event.clientY < window.innerHeight / 2 ? "t" : "b";
    setCorner(`${vertical}${event.clientX < window.innerWidth / 2 ? "l" : "r"}`);
  }

  return (
    <Show when={peer()}>
      {(person) => (
        <section
          class={`pip at-${corner()}`}
          classList={{ dragged: drag() !== null }}
          style={{ transform: drag() ? `translate(${drag()?.x ?? 0}px, ${drag()?.y ?? 0}px)` : "" }}
          aria-label={t("call.live", { name: person().username })}
          data-testid="call-tile"
          onPointerDown={(event) => {
            if ((event.target as Element).closest("button:not(.tile)")) return;
            start = { x: event.clientX, y: event.clientY };
          }}
          onPointerMove={(event) => {
            if (event.buttons === 0) return;
            const moved = { x: event.clientX - start.x, y: event.clientY - start.y };
            if (!drag() && Math.hypot(moved.x, moved.y) < 8) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag(moved);
          }}
          onPointerUp={drop}
          onPointerCancel={() => setDrag(null)}
        >
          <button class="tile" aria-label={t("call.unfold", { name: person().username })} onClick={() => props.onUnfold()}>
            <Switch fallback={<Avatar id={person().id} name={person().username} size={64} />}>
              <Match when={call.media().remote.video}>
                {(track) => <Picture class="fill" track={track()} label={t("call.video_of", { name: person().username })} />}
              </Match>
            </Switch>
            <span class="tag">
              <span class="one">{person().username}</span>
            </span>
          </button>
          <div class="acts">
            <Show when={active()}>
              {(phase) => (
                <>
                  <button
                    class="ib"
                    aria-label={call.media().muted ? t("mic.off") : t("mic.on")}
                    onClick={() => call.setMuted(!call.media().muted)}
                  >
                    <Icon name={call.media().muted ? "micoff" : "mic"} />
                  </button>
                  <CallTimer since={phase().since} class="num sm tile-time" />
                </>
              )}
            </Show>
            <button class="ib end" aria-label={t("call.hangup")} onClick={() => call.hangUp()}>
              <Icon name="end" />
            </button>
          </div>
        </section>
      )}
    </Show>
  );
}
