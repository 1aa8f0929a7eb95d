import { bytesToText } from "../core/byte-text.ts";

/** The characters of a YAML stream, and from where on it cannot be read. */
export interface YamlInput {
  readonly text: string;
  /** Asking for a character at or behind this index fails with `problem`. */
  readonly problemFrom: number;
  readonly problem: string;
}

/** Input is taken in pieces of this many bytes; a bad byte is noticed as soon as the first character of its piece is wanted. */
const pieceSize = 512;

/** Decodes UTF-8 or, with a byte order mark, UTF-16. Characters that YAML forbids make the rest unreadable. */
export function decodeYamlInput(bytes: Uint8Array): YamlInput {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUtf16(bytes, true);
  if (first === 0xfe && second === 0xff) return decodeUtf16(bytes, false);
  const start = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  return decodeUtf8(bytes, start);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// oxlint-disable-next-line no-control-regex
const notAllowed = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ufffd\u{10000}-\u{10ffff}]/u;

/** The text when nothing is wrong with it, as is nearly always so. */
function decodeSound(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return notAllowed.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function decodeUtf8(bytes: Uint8Array, start: number): YamlInput {
  const sound = decodeSound(bytes.subarray(start));
  if (sound !== undefined) return { text: sound, problemFrom: Number.POSITIVE_INFINITY, problem: "" };
  const problem = firstProblem(bytes, start);
  if (problem === undefined) {
    return { text: bytesToText(bytes.subarray(start)), problemFrom: Number.POSITIVE_INFINITY, problem: "" };
  }
  const text = bytesToText(bytes.subarray(start, problem.pieceStart));
  return { text, problemFrom: text.length, problem: problem.message };
}

interface Problem {
  readonly message: string;
  readonly pieceStart: number;
}

function firstProblem(bytes: Uint8Array, start: number): Problem | undefined {
  let pieceStart = start;
  let pieceEnd = pieceSize;
  let position = start;
  while (position < bytes.length) {
    const lead = bytes[position] as number;
    if (lead < 0x80) {
      if (lead < 0x20 ? lead !== 9 && lead !== 10 && lead !== 13 : lead === 0x7f) {
        return { message: "control characters are not allowed", pieceStart: newPiece(1) };
      }
      newPiece(1);
      position++;
      continue;
    }
    const width = lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
    if (width === 0) return { message: "invalid leading UTF-8 octet", pieceStart: newPiece(1) };
    newPiece(width);
    // Only a further read shows that nothing follows, so what stands before it is still seen.
    if (position + width > bytes.length)
      return { message: "incomplete UTF-8 octet sequence", pieceStart: position };
    const message = sequenceProblem(bytes, position, lead, width);
    if (message !== undefined) return { message, pieceStart };
    position += width;
  }
  return undefined;

  // A character that does not fit into what is left of a piece starts the next one.
  function newPiece(width: number): number {
    if (position + width > pieceEnd) {
      pieceStart = position;
      pieceEnd = position + pieceSize;
    }
    return pieceStart;
  }
}

function sequenceProblem(
  bytes: Uint8Array,
  position: number,
  lead: number,
  width: number,
): string | undefined {
  let value = lead & (0xff >> (width + 1));
  for (let k = 1; k < width; k++) {
    const octet = bytes[position + k] as number;
    if ((octet & 0xc0) !== 0x80) return "invalid trailing UTF-8 octet";
    value = (value << 6) + (octet & 0x3f);
  }
  if (value < (width === 2 ? 0x80 : width === 3 ? 0x800 : 0x10000))
    return "invalid length of a UTF-8 sequence";
  if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return "invalid Unicode character";
  return isAllowed(value) ? undefined : "control characters are not allowed";
}

function isAllowed(value: number): boolean {
  if (value < 0x20) return value === 9 || value === 10 || value === 13;
  return value < 0x7f || value === 0x85 || (value >= 0xa0 && value !== 0xfffe && value !== 0xffff);
}

function decodeUtf16(bytes: Uint8Array, littleEndian: boolean): YamlInput {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  let pieceStart = 0;
  let pieceEnd = pieceSize;
  const fail = (problem: string, from = pieceStart): YamlInput => ({
    text: text.slice(0, from),
    problemFrom: from,
    problem,
  });
  for (let position = 2; position < bytes.length; ) {
    const unit = position + 2 > bytes.length ? undefined : view.getUint16(position, littleEndian);
    const width = unit !== undefined && (unit & 0xfc00) === 0xd800 ? 4 : 2;
    if (position + width > pieceEnd) {
      pieceStart = text.length;
      pieceEnd = position + pieceSize;
    }
    if (unit === undefined) return fail("incomplete UTF-16 character", text.length);
    if ((unit & 0xfc00) === 0xdc00) return fail("unexpected low surrogate area");
    if (width === 4) {
      if (position + 4 > bytes.length) return fail("incomplete UTF-16 surrogate pair", text.length);
      const low = view.getUint16(position + 2, littleEndian);
      if ((low & 0xfc00) !== 0xdc00) return fail("expected low surrogate area");
      text += String.fromCharCode(unit, low);
    } else {
      if (!isAllowed(unit)) return fail("control characters are not allowed");
      text += String.fromCharCode(unit);
    }
    position += width;
  }
  return { text, problemFrom: Number.POSITIVE_INFINITY, problem: "" };
}
