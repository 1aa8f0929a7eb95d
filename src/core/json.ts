export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** JSON with sorted keys and no white space: equal values give equal bytes, so that a digest of it means something. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value));
}

/** JSON as people read it: keys in the order given, two spaces, one final newline. */
export function prettyJson(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Reads JSON of the shape that `isWanted` tells; any other text is the error that `problem` makes. */
export function parseJson<T>(
  text: string,
  isWanted: (value: unknown) => value is T,
  problem: (cause?: unknown) => Error,
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem(error);
  }
  if (!isWanted(value)) throw problem();
  return value;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
