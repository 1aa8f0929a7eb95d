/**
 * Configs hold byte strings, not always UTF-8. In memory they are JavaScript strings in which each byte that is not
 * part of valid UTF-8 is a lone low surrogate U+DC80…U+DCFF, so that nothing is lost and lengths can be counted.
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const strayByte = /[\udc80-\udcff]/u;

/** Bytes as a string; bytes that are not UTF-8 survive as lone surrogates. */
export function bytesToText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeLoosely(bytes);
  }
}

function decodeLoosely(bytes: Uint8Array): string {
  const parts: string[] = [];
  let good = 0;
  let position = 0;
  while (position < bytes.length) {
    const width = sequenceWidth(bytes, position);
    if (width > 0) {
      position += width;
      continue;
    }
    parts.push(decoder.decode(bytes.subarray(good, position)));
    parts.push(String.fromCharCode(0xdc00 + (bytes[position] as number)));
    good = ++position;
  }
  parts.push(decoder.decode(bytes.subarray(good)));
  return parts.join("");
}

/** Length of the valid UTF-8 sequence that starts here, 0 when there is none. */
function sequenceWidth(bytes: Uint8Array, position: number): number {
  const lead = bytes[position] as number;
  if (lead < 0x80) return 1;
  const width =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (width === 0 || position + width > bytes.length) return 0;
  for (let k = 1; k < width; k++) if (((bytes[position + k] as number) & 0xc0) !== 0x80) return 0;
  const second = bytes[position + 1] as number;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  return width;
}

/** The bytes that a string stands for. */
export function textToBytes(text: string): Uint8Array {
  if (!strayByte.test(text)) return new TextEncoder().encode(text);
  const parts = text
    .split(/([\udc80-\udcff])/u)
    .map((part) =>
      strayByte.test(part) ? Uint8Array.of(part.charCodeAt(0) - 0xdc00) : new TextEncoder().encode(part),
    );
  return Buffer.concat(parts);
}

/** Number of bytes that a string stands for. */
export function byteLength(text: string): number {
  return strayByte.test(text) ? textToBytes(text).length : Buffer.byteLength(text);
}

/** The string as people may see it: each stray byte is U+FFFD. */
export function printableText(text: string): string {
  return strayByte.test(text) ? text.replaceAll(/[\udc80-\udcff]/gu, "\ufffd") : text;
}

/** White space to Go, for use in a character class; JavaScript's `\\s` has U+FEFF as well and U+0085 not. */
export const goSpaces: string = String.raw`\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const shortQuotes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** A string in double quotes as Go's `%q` shows it: what does not print is escaped. */
export function quoteGo(text: string): string {
  const quoted = Array.from(text, (character) => {
    const short = shortQuotes[character];
    if (short !== undefined) return short;
    if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    if (strayByte.test(character)) return `\\x${(code - 0xdc00).toString(16)}`;
    const hex = code.toString(16);
    if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `"${quoted.join("")}"`;
}
