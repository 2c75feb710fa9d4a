// A round control of a call with the word below it: light is on, dark is off.

import { Icon } from "./Icon";
import type { IconName } from "./icons";

export interface CallButtonProps {
  icon: IconName;
  text: string;
  /** State and action, if the word below does not say both. */
  label?: string;
  look: "on" | "off" | "mute" | "end" | "yes";
  testId?: string;
  disabled?: boolean;
  ref?: (button: HTMLButtonElement) => void;
  onClick(): void;
}

export function CallButton(props: CallButtonProps) {
  return (
    <button
      class="cb"
      classList={{ on: props.look === "on", mute: props.look === "mute", end: props.look === "end", yes: props.look === "yes" }}
      type="button"
      ref={(button) => props.ref?.(button)}
      aria-label={props.label}
      disabled={props.disabled}
      data-testid={props.testId}
      onClick={() => props.onClick()}
    >
      <span>
        <Icon name={props.icon} size="l" />
      </span>
      {props.text}
    </button>
  );
}
