// A dialog that holds focus and gives it back.

import { Dialog as Base } from "@kobalte/core/dialog";
import { AlertDialog } from "@kobalte/core/alert-dialog";
import { onCleanup, type JSX } from "solid-js";
import { Icon } from "./Icon";

export function Dialog(props: { open: boolean; title: string; close: string; onClose(): void; children: JSX.Element }) {
  return (
    <Base open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Overlay class="scrim" />
        <div class="scrim-in">
          <Base.Content class="dialog sheet" ref={keepFocus}>
            <div class="row between">
              <Base.Title>{props.title}</Base.Title>
              <Base.CloseButton class="ib" aria-label={props.close}>
                <Icon name="x" />
              </Base.CloseButton>
            </div>
            {props.children}
          </Base.Content>
        </div>
      </Base.Portal>
    </Base>
  );
}

/** A button that goes away once it was pressed would take the focus with it, and then no key reaches the dialog any more, not even Escape. */
function keepFocus(content: HTMLElement): void {
  const changes = new MutationObserver(() => document.activeElement === document.body && content.focus());
  changes.observe(content, { childList: true, subtree: true });
  onCleanup(() => changes.disconnect());
}

export interface AskProps {
  open: boolean;
  title: string;
  text: JSX.Element;
  yes: string;
  no: string;
  onYes(): void;
  onNo(): void;
}

/** Asks before something that cannot be taken back. */
export function Ask(props: AskProps) {
  return (
    <AlertDialog open={props.open} onOpenChange={(open) => !open && props.onNo()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay class="scrim" />
        <div class="scrim-in">
          <AlertDialog.Content class="dialog">
            <AlertDialog.Title>{props.title}</AlertDialog.Title>
            <AlertDialog.Description class="muted" as="div">
              {props.text}
            </AlertDialog.Description>
            <div class="acts">
              <button class="btn" onClick={() => props.onNo()}>
                {props.no}
              </button>
              <button class="btn danger" onClick={() => props.onYes()}>
                {props.yes}
              </button>
            </div>
          </AlertDialog.Content>
        </div>
      </AlertDialog.Portal>
    </AlertDialog>
  );
}
