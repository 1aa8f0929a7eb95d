/** Command-line flags as a list of words, where `--flag=value` is one word. */

/**
 * The catalogue's flags with a person's laid over them: a flag that is in both gets the person's value, in its place;
 * others, and words that are no flags, follow in the order written. A flag given twice by the person stays twice.
 */
export function mergeFlags(defaults: readonly string[], overrides: readonly string[]): readonly string[] {
  const replaced = new Set(overrides.map(flagName).filter((name) => name !== undefined));
  const inPlace = defaults.flatMap((word) => {
    const name = flagName(word);
    if (name === undefined || !replaced.has(name)) return [word];
    return overrides.filter((override) => flagName(override) === name);
  });
  const known = new Set(defaults.map(flagName));
  return [...dedupe(inPlace), ...overrides.filter((word) => !known.has(flagName(word) ?? word))];
}

/** `--tls-min-version=VersionTLS12` → `tls-min-version`; undefined for a word that is no flag. */
export function flagName(word: string): string | undefined {
  return /^--?([A-Za-z0-9][A-Za-z0-9._-]*)/u.exec(word)?.[1];
}

/** `--flag=value` → `value`; undefined when the flag has none in the same word. */
export function flagValue(word: string): string | undefined {
  const at = word.indexOf("=");
  return at === -1 ? undefined : word.slice(at + 1);
}

function dedupe(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => words.indexOf(word) === index);
}
