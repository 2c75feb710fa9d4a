// Light or dark: the chosen one, else the device's.

import { createEffect, createSignal, type Accessor } from "solid-js";

export type ThemeChoice = "system" | "light" | "dark";

export interface ThemeStore {
  choice: Accessor<ThemeChoice>;
  choose(choice: ThemeChoice): void;
}

const KEY = "zvonilka.theme";

export function createThemeStore(): ThemeStore {
  const stored = localStorage.getItem(KEY);
  const [choice, setChoice] = createSignal<ThemeChoice>(stored === "light" || stored === "dark" ? stored : "system");
  createEffect(() => {
    const chosen = choice();
    if (chosen === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset["theme"] = chosen;
  });
  return {
    choice,
    choose(next) {
      if (next === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
      setChoice(next);
    },
  };
}
