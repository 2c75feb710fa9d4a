// The language of the interface: the chosen one, else the device's, else Russian.

import { translator, type Translator } from "@solid-primitives/i18n";
import { createContext, createEffect, createMemo, createSignal, useContext, type Accessor } from "solid-js";
import { en } from "./en";
import { ru, type Words } from "./ru";

export type Language = "ru" | "en";
export type Choice = Language | "system";
export type Translate = Translator<Words>;

export interface I18n {
  t: Translate;
  language: Accessor<Language>;
  choice: Accessor<Choice>;
  choose(choice: Choice): void;
}

const KEY = "zvonilka.language";
const WORDS: Record<Language, Words> = { ru, en };

export function createI18n(): I18n {
  const stored = localStorage.getItem(KEY);
  const [choice, setChoice] = createSignal<Choice>(stored === "ru" || stored === "en" ? stored : "system");
  const language = createMemo<Language>(() => {
    const chosen = choice();
    return chosen === "system" ? deviceLanguage(navigator.languages) : chosen;
  });
  const words = createMemo(() => WORDS[language()]);
  createEffect(() => {
    document.documentElement.lang = language();
  });
  return {
    t: translator(words) as Translate,
    language,
    choice,
    choose(next) {
      if (next === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
      setChoice(next);
    },
  };
}

/** The first of the device's languages that we speak; Russian if none is. */
export function deviceLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split("-")[0];
    if (language === "ru" || language === "en") return language;
  }
  return "ru";
}

export const I18nContext = createContext<I18n>();

export function useI18n(): I18n {
  const i18n = useContext(I18nContext);
  if (!i18n) throw new Error("outside of I18nContext");
  return i18n;
}
