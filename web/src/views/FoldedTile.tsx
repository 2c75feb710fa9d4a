// A call while one looks elsewhere: a small tile in a corner of one's choice, dragged there by finger or mouse.

import { createSignal, Show, type JSX } from "solid-js";
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
      {...drag.handlers}
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
  let start = { x: 0, y: 0 };
  const handlers: JSX.HTMLAttributes<HTMLElement> = {
    onPointerDown(event) {
      if ((event.target as Element).closest("button:not(.tile)")) return;
      start = { x: event.clientX, y: event.clientY };
    },
    onPointerMove(event) {
      if (event.buttons === 0) return;
      const by = { x: event.clientX - start.x, y: event.clientY - start.y };
      if (!moved() && Math.hypot(by.x, by.y) < DRAG_PX) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setMoved(by);
    },
    onPointerUp(event) {
      if (!moved()) return;
      setMoved(null);
      const vertical = event.clientY < window.innerHeight / 2 ? "t" : "b";
      setCorner(`${vertical}${event.clientX < window.innerWidth / 2 ? "l" : "r"}`);
    },
    onPointerCancel: () => setMoved(null),
  };
  return { corner, moved, handlers };
}
