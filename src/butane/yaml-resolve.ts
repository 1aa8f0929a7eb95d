/** What a plain scalar means, decided as go-yaml does: YAML 1.1 numbers, YAML 1.2 booleans. */
export interface ResolvedScalar {
  readonly tag: string;
  readonly value: string | bigint | number | boolean | null | undefined;
}

/** A value whose tag says one thing and whose text another, or base64 that is none. Ends the reading. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";
}

const longPrefix = "tag:yaml.org,2002:";

export function shortTag(tag: string): string {
  return tag.startsWith(longPrefix) ? `!!${tag.slice(longPrefix.length)}` : tag;
}

const words = new Map<string, ResolvedScalar>([
  ...["true", "True", "TRUE"].map((word) => [word, { tag: "!!bool", value: true }] as const),
  ...["false", "False", "FALSE"].map((word) => [word, { tag: "!!bool", value: false }] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, { tag: "!!null", value: null }] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, { tag: "!!float", value: Number.NaN }] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, { tag: "!!float", value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map(
    (word) => [word, { tag: "!!float", value: Number.NEGATIVE_INFINITY }] as const,
  ),
  ["<<", { tag: "!!merge", value: "<<" }],
]);

const resolvable = new Set(["", "!!str", "!!bool", "!!int", "!!float", "!!null", "!!timestamp"]);

/** The meaning of a text under a tag; an empty tag leaves the choice to the text. */
export function resolveScalar(tag: string, text: string): ResolvedScalar {
  if (!resolvable.has(tag)) return { tag, value: text };
  const found = tag === "!!str" ? undefined : fromText(tag, text);
  const resolved = found ?? { tag: "!!str", value: text };
  if (tag === "" || tag === resolved.tag || tag === "!!str") return resolved;
  if (tag === "!!float" && typeof resolved.value === "bigint" && fitsInt64(resolved.value)) {
    return { tag, value: Number(resolved.value) };
  }
  throw new ResolveError(`cannot decode ${resolved.tag} \`${text}\` as a ${tag}`);
}

const firstUnits = new Set(Array.from("-+0123456789yYnNtTfFoO~.", (text) => text.charCodeAt(0)));

function fromText(tag: string, text: string): ResolvedScalar | undefined {
  // Only texts with one of these first characters are looked at; the rest are strings.
  if (text !== "" && !firstUnits.has(text.charCodeAt(0))) return undefined;
  const word = words.get(text);
  if (word !== undefined) return word;
  const first = text.charAt(0);
  if (first === ".") return asFloat(/^\.\d+(?:_\d+)*(?:[eE][-+]?\d+)?$/u, text);
  if ("yYnNtTfFoO~".includes(first)) return undefined;
  if ((tag === "" || tag === "!!timestamp") && text.charAt(4) === "-" && isTimestamp(text))
    return { tag: "!!timestamp", value: undefined };
  const plain = text.replaceAll("_", "");
  const whole = findInteger(plain);
  if (whole !== undefined) return { tag: "!!int", value: whole };
  return asFloat(/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/u, plain) ?? findOddInteger(plain);
}

function asFloat(pattern: RegExp, text: string): ResolvedScalar | undefined {
  if (!pattern.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  return Number.isFinite(value) ? { tag: "!!float", value } : undefined;
}

export function fitsInt64(value: bigint): boolean {
  return value >= -(1n << 63n) && value < 1n << 63n;
}

/** A whole number in Go's notation, where a leading zero means octal; at most 64 bits. */
function findInteger(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/u.exec(text);
  if (match === null) return undefined;
  const digits = (match[2] ?? "").replace(/^0(?=[0-7])/u, "0o").toLowerCase();
  const value = match[1] === "-" ? -BigInt(digits) : BigInt(digits);
  const unsigned = match[1] === "" && value < 1n << 64n;
  return fitsInt64(value) || unsigned ? value : undefined;
}

// Go parses what stands behind `0b` and `0o` on its own, so a sign may stand there.
function findOddInteger(text: string): ResolvedScalar | undefined {
  const match = /^0(b)([-+][01]+)$|^0(o)([-+][0-7]+)$/u.exec(text);
  const signed = match?.[2] ?? match?.[4];
  if (signed === undefined) return undefined;
  const size = BigInt(`${match?.[1] === undefined ? "0o" : "0b"}${signed.slice(1)}`);
  const value = signed.startsWith("-") ? -size : size;
  return fitsInt64(value) ? { tag: "!!int", value } : undefined;
}

const timestamp =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[-+]\d{2}:\d{2})?)?$/u;

function isTimestamp(text: string): boolean {
  const match = timestamp.exec(text);
  if (match === null) return false;
  const [, year, month, day, separator, hour = "0", minute = "0", second = "0", zone] = match;
  if (separator !== undefined && (separator === " ") !== (zone === undefined)) return false;
  const [zoneHour = 0, zoneMinute = 0] =
    zone === undefined || zone === "Z" ? [] : zone.slice(1).split(":").map(Number);
  if (zoneHour > 24 || zoneMinute > 60) return false;
  const days = new Date(Date.UTC(Number(year) + 400, Number(month), 0)).getUTCDate();
  const inMonth = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
  return inMonth && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}
