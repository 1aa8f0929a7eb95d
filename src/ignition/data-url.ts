import { textToBytes } from "../core/byte-text.ts";

/** Why a text is no data URL in the eyes of Ignition, or undefined when it is one. RFC 2397, with its media type checked. */
export function dataUrlProblem(url: string): string | undefined {
  try {
    decodeDataUrl(url);
    return undefined;
  } catch (error) {
    if (error instanceof DataUrlError) return error.message;
    throw error;
  }
}

export class DataUrlError extends Error {
  override readonly name = "DataUrlError";
}

const tokenPattern = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]$/u;
const isToken = (character: string): boolean => tokenPattern.test(character);

/** The bytes that a data URL holds; throws when it cannot be read. */
export function decodeDataUrl(url: string): Uint8Array {
  if (!url.startsWith("data:")) throw new DataUrlError("missing data prefix");
  const reader: Reader = { text: url, position: 5 };
  readMediaType(reader);
  const base64 = readParameters(reader);
  const data = url.slice(reader.position + 1);
  return base64 ? decodeBase64(data) : unescapeData(data);
}

interface Reader {
  readonly text: string;
  position: number;
}

const current = (reader: Reader): string => reader.text.charAt(reader.position);

function readMediaType(reader: Reader): void {
  const first = current(reader);
  if (first === "") throw new DataUrlError("missing comma before data");
  if (first === ";" || first === ",") return;
  if (!isToken(first)) throw new DataUrlError("invalid character after data prefix");
  const start = reader.position;
  while (current(reader) !== "/") {
    if (current(reader) === "") throw new DataUrlError("missing media type slash");
    if (!isToken(current(reader))) throw new DataUrlError("invalid character for media type");
    reader.position++;
  }
  const type = reader.text.slice(start, reader.position);
  if (!/^(?:[xX]-|text|image|audio|video|application|message|multipart)/u.test(type)) {
    throw new DataUrlError("invalid media type");
  }
  reader.position++;
  while (current(reader) !== ";" && current(reader) !== ",") {
    if (current(reader) === "") throw new DataUrlError("incomplete media type");
    if (!isToken(current(reader))) throw new DataUrlError("invalid character for media subtype");
    reader.position++;
  }
}

/** Reads up to the comma; true when the last parameter is `base64`. */
function readParameters(reader: Reader): boolean {
  while (current(reader) === ";") {
    reader.position++;
    const first = current(reader);
    if (first === "" || first === "=" || first === ",")
      throw new DataUrlError("unterminated parameter sequence");
    if (!isToken(first)) throw new DataUrlError("invalid character for parameter attribute");
    const start = reader.position;
    while (isToken(current(reader))) reader.position++;
    const name = reader.text.slice(start, reader.position);
    if (current(reader) === ",") {
      if (name !== "base64") throw new DataUrlError(`expected base64, got ${name}`);
      return true;
    }
    if (current(reader) === "") throw new DataUrlError("unterminated parameter sequence");
    if (current(reader) !== "=") throw new DataUrlError("invalid character for parameter attribute");
    reader.position++;
    readParameterValue(reader);
  }
  return false;
}

function readParameterValue(reader: Reader): void {
  const first = current(reader);
  if (first === "") throw new DataUrlError("missing comma before data");
  if (first === '"') return readQuotedValue(reader);
  if (!isToken(first)) throw new DataUrlError("invalid character for parameter value");
  const start = reader.position;
  while (isToken(current(reader))) reader.position++;
  if (current(reader) === "") throw new DataUrlError("missing comma before data");
  if (current(reader) !== ";" && current(reader) !== ",") {
    throw new DataUrlError("invalid character for parameter value");
  }
  unescape(reader.text.slice(start, reader.position));
}

function readQuotedValue(reader: Reader): void {
  const start = ++reader.position;
  while (current(reader) !== '"') {
    const character = current(reader);
    if (character === "") throw new DataUrlError("unclosed quoted string");
    if (character > "\u007f") throw new DataUrlError("invalid character for parameter value");
    reader.position++;
    if (character !== "\\") continue;
    if (current(reader) > "\u007f") throw new DataUrlError("invalid escaped character");
    reader.position++;
  }
  const value = reader.text.slice(start, reader.position);
  const goString =
    /^(?:[^\\\n]|\\[abfnrtv\\"]|\\[0-3][0-7]{2}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*$/u;
  if (!goString.test(value)) throw new DataUrlError("invalid syntax");
  reader.position++;
  if (current(reader) === "") throw new DataUrlError("missing comma before data");
  if (current(reader) !== ";" && current(reader) !== ",")
    throw new DataUrlError("expected semicolon or comma");
}

function unescapeData(data: string): Uint8Array {
  if (/[^\u0021-\u007e]|[<>#"{}|\\^[\]`]/u.test(data)) throw new DataUrlError("invalid data character");
  return unescape(data);
}

function unescape(text: string): Uint8Array {
  if (!text.includes("%")) return Buffer.from(text, "latin1");
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit !== 0x25) {
      bytes[length++] = unit;
      continue;
    }
    bytes[length++] = hexDigit(text, i + 1) * 16 + hexDigit(text, i + 2);
    i += 2;
  }
  return bytes.subarray(0, length);
}

function hexDigit(text: string, at: number): number {
  if (at >= text.length) throw new DataUrlError("rfc2396: unexpected end of unescape sequence");
  const digit = "0123456789abcdef".indexOf(text.charAt(at).toLowerCase());
  if (digit < 0) throw new DataUrlError("rfc2396: invalid char 0x25 in unescape sequence");
  return digit;
}

function decodeBase64(data: string): Uint8Array {
  if (/[^A-Za-z0-9+/=\n]/u.test(data)) throw new DataUrlError("invalid data character");
  const fault = base64Fault(data);
  if (fault !== undefined) throw new DataUrlError(`illegal base64 data at input byte ${fault}`);
  return Buffer.from(data, "base64");
}

/** Where Go's decoder stops; undefined when the text is well padded. */
function base64Fault(data: string): number | undefined {
  if (data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/u.test(data)) return undefined;
  const skipBreaks = (from: number): number => {
    let at = from;
    while (data[at] === "\n") at++;
    return at;
  };
  let inGroup = 0;
  for (let at = 0; at < data.length; at++) {
    if (data[at] === "\n") continue;
    if (data[at] !== "=") {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (inGroup < 2) return at;
    let next = skipBreaks(at + 1);
    if (inGroup === 2) {
      if (next === data.length) return data.length;
      if (data[next] !== "=") return next - 1;
      next = skipBreaks(next + 1);
    }
    return next < data.length ? next : undefined;
  }
  return inGroup === 0 ? undefined : data.length - inGroup;
}

/** Percent-encodes all but the unreserved characters of RFC 2396. */
export function escapeData(contents: Uint8Array): string {
  let length = 0;
  for (let i = 0; i < contents.length; i++) length += (escapedBytes[contents[i] as number] as string).length;
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.length);
  if (length === bytes.length) return bytes.toString("latin1");
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const escaped = escapedBytes[bytes[i] as number] as string;
    for (let k = 0; k < escaped.length; k++) out[at++] = escaped.charCodeAt(k);
  }
  return out.toString("latin1");
}

const escapedBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-_.!~*'()]/u.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

/** The data URL of a text, percent-encoded. */
export function textDataUrl(text: string): string {
  return `data:,${escapeData(textToBytes(text))}`;
}
