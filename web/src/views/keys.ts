// The keyboard in lists, fields and dialogues.

/** Up and down move the focus among the rows of a list. */
export function moveInList(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("a.li, button.li, .li a.li-go")];
  const index = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[index + step];
  if (index === -1 || !next) return;
  event.preventDefault();
  next.focus();
}

/** True while the focus is where one types. */
export function isTyping(): boolean {
  const focused = document.activeElement;
  return focused instanceof HTMLElement && (focused.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(focused.tagName));
}

/** For Tab: from the last button of `card` to its first, and back. */
export function holdFocus(event: KeyboardEvent, card: HTMLElement): void {
  const buttons = [...card.querySelectorAll<HTMLButtonElement>("button:not([disabled])")];
  const edge = event.shiftKey ? buttons[0] : buttons.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? buttons.at(-1) : buttons[0])?.focus();
}
