// How loud the microphone is, in bars that move with the voice.

import { createSignal, For, onCleanup, onMount } from "solid-js";

const BARS = 12;

/** Asks `level` (0 to 1) with each frame. The words beside it tell the same to who cannot see it. */
export function Meter(props: { level(): number; onHeard?: () => void }) {
  const [lit, setLit] = createSignal(0);
  onMount(() => {
    let frame = requestAnimationFrame(function draw() {
      // Ears are logarithmic: a quiet voice should move the bars too.
      const next = Math.round(Math.min(1, Math.sqrt(Math.max(0, props.level())) * 1.25) * BARS);
      setLit(next);
      if (next >= 3) props.onHeard?.();
      frame = requestAnimationFrame(draw);
    });
    onCleanup(() => cancelAnimationFrame(frame));
  });
  return (
    <span class="meter" aria-hidden="true">
      <For each={Array.from({ length: BARS }, (_, index) => index)}>{(index) => <i classList={{ d: index < lit() }} />}</For>
    </span>
  );
}
