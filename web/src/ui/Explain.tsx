// A small mark that says, when it is pressed, what it means and what helps.

import { Popover } from "@kobalte/core/popover";
import { Show, type JSX } from "solid-js";

export interface ExplainProps {
  /** What the mark means and that it can be asked. */
  label: string;
  title: string;
  why: string;
  help: string;
  class: string;
  testId?: string;
  children: JSX.Element;
}

export function Explain(props: ExplainProps) {
  return (
    <Popover gutter={6} overflowPadding={12}>
      <Popover.Trigger class={props.class} aria-label={props.label} data-testid={props.testId}>
        {props.children}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content class="pop">
          <Popover.Title as="h2">{props.title}</Popover.Title>
          <Popover.Description>{props.why}</Popover.Description>
          <Show when={props.help}>
            <p class="muted">{props.help}</p>
          </Show>
        </Popover.Content>
      </Popover.Portal>
    </Popover>
  );
}
