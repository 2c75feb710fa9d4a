// A labelled field with its hint or its fault beside it.

import { createSignal, createUniqueId, Show, type JSX } from "solid-js";
import { Icon } from "./Icon";

export interface FieldProps {
  label: string;
  value: string;
  onInput(value: string): void;
  onBlur?: () => void;
  hint?: string | undefined;
  /** What is wrong; replaces the hint. */
  fault?: string | undefined;
  /** What is right; replaces the hint. */
  ok?: string | undefined;
  autocomplete?: string;
  readonly?: boolean;
  code?: boolean;
  testId?: string;
  ref?: (input: HTMLInputElement) => void;
  maxLength?: number;
}

export function TextField(props: FieldProps) {
  return <Field {...props} type="text" />;
}

export function PasswordField(props: FieldProps & { showLabel: string }) {
  const [shown, setShown] = createSignal(false);
  return (
    <Field {...props} type={shown() ? "text" : "password"}>
      <button class="ib" type="button" aria-label={props.showLabel} aria-pressed={shown()} onClick={() => setShown(!shown())}>
        <Icon name="eye" />
      </button>
    </Field>
  );
}

function Field(props: FieldProps & { type: string; children?: JSX.Element }) {
  const id = createUniqueId();
  const hasNote = (): boolean => Boolean(props.fault ?? props.ok ?? props.hint);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="box" classList={{ bad: Boolean(props.fault), fixed: props.readonly ?? false }}>
        <input
          id={id}
          ref={(input) => props.ref?.(input)}
          type={props.type}
          class={props.code ? "code" : ""}
          value={props.value}
          readonly={props.readonly}
          autocomplete={props.autocomplete ?? "off"}
          autocapitalize={props.code || props.type === "password" ? "none" : "sentences"}
          spellcheck={false}
          maxLength={props.maxLength}
          aria-invalid={props.fault ? "true" : undefined}
          aria-describedby={hasNote() ? `${id}-note` : undefined}
          data-testid={props.testId}
          onInput={(event) => props.onInput(event.currentTarget.value)}
          onBlur={() => props.onBlur?.()}
        />
        {props.children}
      </div>
      <Note id={`${id}-note`} hint={props.hint} fault={props.fault} ok={props.ok} />
    </div>
  );
}

function Note(props: { id: string; hint: string | undefined; fault: string | undefined; ok: string | undefined }) {
  return (
    <Show
      when={props.fault}
      fallback={
        <Show
          when={props.ok}
          fallback={
            <Show when={props.hint}>
              {(hint) => (
                <p class="hint" id={props.id}>
                  {hint()}
                </p>
              )}
            </Show>
          }
        >
          {(ok) => (
            <p class="hint ok" id={props.id}>
              <Icon name="check" size="s" />
              {ok()}
            </p>
          )}
        </Show>
      }
    >
      {(fault) => (
        <p class="hint bad" id={props.id} role="alert">
          <Icon name="alert" size="s" />
          {fault()}
        </p>
      )}
    </Show>
  );
}
