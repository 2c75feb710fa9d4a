// How a person looks without a picture: a colour by the id, initials by the name.

/** `p1` to `p8`, always the same for the same id. */
export function colourOf(id: string): string {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return `p${(hash % 8) + 1}`;
}

/** Two letters: of the first two words, else the first two of the one word. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s.-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const [first = "", second] = words.map((word) => [...word.replace(/^[^\p{L}\p{N}]+/u, "")]);
  const letters = second ? [first[0], second[0]] : [...first].slice(0, 2);
  return letters.join("").toLocaleUpperCase();
}
