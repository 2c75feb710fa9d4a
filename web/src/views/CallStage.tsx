// The call that this device makes or holds: going out, connected, over.

import { createMemo, Match, onMount, Switch } from "solid-js";
import { CallEnded } from "./CallEnded";
import { Calling } from "./Calling";
import { useHome } from "./context";
import { isTyping } from "./keys";
import { Talking } from "./Talking";

export function CallStage(props: { onFold(): void }) {
  const { call } = useHome();
  const outgoing = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "preparing" || phase.kind === "calling" ? phase : null;
  });
  const active = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "active" ? phase : null;
  });
  const ended = createMemo(() => {
    const phase = call.phase();
    return phase.kind === "ended" ? phase : null;
  });
  const name = (): string => {
    const phase = call.phase();
    return phase.kind === "idle" ? "" : phase.peer.username;
  };
  let stage!: HTMLElement;
  // The button that was pressed is gone; whoever goes by keyboard goes on from here.
  onMount(() => !isTyping() && stage.focus({ preventScroll: true }));
  return (
    <main class="pane main stage" ref={stage} tabindex="-1" aria-label={name()} data-testid="call-stage" data-phase={call.phase().kind}>
      <Switch>
        <Match when={outgoing()}>{(phase) => <Calling phase={phase()} onFold={props.onFold} />}</Match>
        <Match when={active()}>{(phase) => <Talking phase={phase()} onFold={props.onFold} />}</Match>
        <Match when={ended()}>{(phase) => <CallEnded phase={phase()} />}</Match>
      </Switch>
    </main>
  );
}
