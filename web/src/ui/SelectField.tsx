// A labelled choice of one from a list, by the system's own control.

import { createUniqueId, For } from "solid-js";
import { Icon } from "./Icon";
import type { IconName } from "./icons";

export interface SelectFieldProps {
  label: string;
  icon: IconName;
  value: string;
  options: readonly { value: string; label: string }[];
  testId?: string;
  onChange(value: string): void;
}

export function SelectField(props: SelectFieldProps) {
  const id = createUniqueId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="box">
        <span class="muted row-icon">
          <Icon name={props.icon} size="s" />
        </span>
        <select id={id} data-testid={props.testId} onChange={(event) => props.onChange(event.currentTarget.value)}>
          <For each={props.options}>
            {(option) => (
              <option value={option.value} selected={option.value === props.value}>
                {option.label}
              </option>
            )}
          </For>
        </select>
      </div>
    </div>
  );
}
