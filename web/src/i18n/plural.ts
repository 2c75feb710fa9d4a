// The plural form that a number takes.

export interface Forms {
  one: string;
  few?: string;
  many: string;
}

export function pluralOf(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (n, forms) => {
    const form = rules.select(n);
    if (form === "one") return forms.one;
    return form === "few" ? (forms.few ?? forms.many) : forms.many;
  };
}
