// A call while one looks elsewhere: a small tile in a corner of one's choice, dragged there by finger or mouse.

import { createSignal, onCleanup, Show, type JSX } from "solid-js";
import { useI18n } from "../i18n";
import { Icon } from "../ui/Icon";
import { CallTimer } from "./CallTimer";

type Corner = "tl" | "tr" | "bl" | "br";

export interface FoldedTileProps {
  name: string;
  /** What a press on the picture does, in words. */
  unfoldLabel: string;
  endLabel: string;
  testId: string;
  /** There while the microphone is open. */
  microphone: { muted: boolean; toggle(): void } | null;
  /** When the talk began, if it has. */
  since: number | null;
  onUnfold(): void;
  onEnd(): void;
  /** The picture or the face. */
  children: JSX.Element;
}

export function FoldedTile(props: FoldedTileProps) {
  const { t } = useI18n();
  const drag = createDrag();
  return (
    <section
      class={`pip at-${drag.corner()}`}
      classList={{ dragged: drag.moved() !== null }}
      style={{ transform: drag.moved() ? `translate(${drag.moved()?.x ?? 0}px, ${drag.moved()?.y ?? 0}px)` : "" }}
      aria-label={t("call.live", { name: props.name })}
      data-testid={props.testId}
      onPointerDown={drag.onPointerDown}
    >
      <button class="tile" aria-label={props.unfoldLabel} onClick={() => props.onUnfold()}>
        {props.children}
        <span class="tag">
          <span class="one">{props.name}</span>
        </span>
      </button>
      <div class="acts">
        <Show when={props.microphone}>
          {(microphone) => (
            <button class="ib" aria-label={microphone().muted ? t("mic.off") : t("mic.on")} onClick={() => microphone().toggle()}>
              <Icon name={microphone().muted ? "micoff" : "mic"} />
            </button>
          )}
        </Show>
        <Show when={props.since !== null && props.since}>{(since) => <CallTimer since={since()} class="num sm tile-time" />}</Show>
        <button class="ib end" aria-label={props.endLabel} onClick={() => props.onEnd()}>
          <Icon name="end" />
        </button>
      </div>
    </section>
  );
}

/** Less is a press. */
const DRAG_PX = 8;

function createDrag() {
  const [corner, setCorner] = createSignal<Corner>("tr");
  const [moved, setMoved] = createSignal<{ x: number; y: number } | null>(null);
  let stop = (): void => {};
  onCleanup(() => stop());

  function onPointerDown(down: PointerEvent & { currentTarget: HTMLElement }): void {
    if ((down.target as Element).closest("button:not(.tile)")) return;
    const tile = down.currentTarget;
    const listening = new AbortController();
    const end = (): void => {
      listening.abort();
      setMoved(null);
    };
    stop();
    stop = end;
    function onMove(event: PointerEvent): void {
      const by = { x: event.clientX - down.clientX, y: event.clientY - down.clientY };
      if (!moved() && Math.hypot(by.x, by.y) < DRAG_PX) return;
      // So that letting go is no press on the picture.
      tile.setPointerCapture(event.pointerId);
      setMoved(by);
    }
    function onUp(event: PointerEvent): void {
      if (moved()) {
        const vertical = event.clientY < window.innerHeight / 2 ? "t" : "b";
        setCorner(`${vertical}${event.clientX < window.innerWidth / 2 ? "l" : "r"}`);
      }
      end();
    }
    // On the window: a quick hand is out of the tile before it is held.
    window.addEventListener("pointermove", onMove, { signal: listening.signal });
    window.addEventListener("pointerup", onUp, { signal: listening.signal });
    window.addEventListener("pointercancel", end, { signal: listening.signal });
  }

  return { corner, moved, onPointerDown };
}
