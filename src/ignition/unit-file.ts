import { bytesToText, goSpaces, quoteGo, textToBytes } from "../core/byte-text.ts";

/** One `Name=value` of a unit file. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

export type ParsedUnit = { readonly options: readonly UnitOption[] } | { readonly problem: string };

/** systemd cuts longer lines off. */
const longestLine = 2048;
/** What go-systemd reads at a time; it sees a long line only when so much of it is buffered. */
const bufferSize = 4096;

interface Reader {
  readonly bytes: Uint8Array;
  position: number;
  filled: number;
}

class UnitError extends Error {
  override readonly name = "UnitError";
}

/** Reads a unit file as go-systemd does, which is what Ignition judges units by. */
export function parseUnit(contents: string): ParsedUnit {
  const reader: Reader = { bytes: textToBytes(contents), position: 0, filled: 0 };
  const options: UnitOption[] = [];
  try {
    readUnit(reader, options);
    return { options };
  } catch (error) {
    if (error instanceof UnitError) return { problem: error.message };
    throw error;
  }
}

function readUnit(reader: Reader, options: UnitOption[]): void {
  let section: string | undefined;
  for (;;) {
    checkLine(reader);
    const character = readCharacter(reader);
    if (character === undefined) return;
    if (character === "[") section = readSection(reader);
    else if (character === "#" || character === ";") skipComment(reader);
    else if (section !== undefined && !isSpace(character)) {
      unread(reader, character);
      options.push(readOption(reader, section));
    }
  }
}

// Before the first section anything goes, a character at a time; behind it only white space is passed over.
const spacePattern = new RegExp(`^[${goSpaces}]$`, "u");
const isSpace = (character: string): boolean =>
  (character <= " " || character >= "\u007f") && spacePattern.test(character);

function readSection(reader: Reader): string {
  checkLine(reader);
  const { bytes, found } = readUntil(reader, 0x5d);
  if (!found) throw new UnitError("unable to find end of section");
  checkLine(reader);
  const garbage = goTrim(bytesToText(readLine(reader).line));
  if (garbage !== "") throw new UnitError(`found garbage after section name : ${quoteGo(garbage)}`);
  return bytesToText(bytes.subarray(0, -1));
}

function skipComment(reader: Reader): void {
  checkLine(reader);
  for (;;) {
    const { line } = readLine(reader);
    const text = line.at(-1) === 0x20 ? line.subarray(0, -1) : line;
    if (text.at(-1) !== 0x5c) return;
  }
}

function readOption(reader: Reader, section: string): UnitOption {
  checkLine(reader);
  let name = "";
  for (;;) {
    const character = readCharacter(reader);
    if (character === undefined) throw new UnitError("EOF");
    if (character === "\n" || character === "\r") {
      throw new UnitError("unexpected newline encountered while parsing option name");
    }
    if (character === "=") break;
    name += character;
  }
  let value = "";
  for (;;) {
    checkLine(reader);
    const { line, atEnd } = readLine(reader);
    const text = bytesToText(line);
    if (goTrim(text) === "") break;
    value += text;
    if (!text.endsWith("\\")) break;
    if (!atEnd) value += "\n";
  }
  return { section, name: goTrim(name), value: value.endsWith("\n") ? `${goTrim(value)}\n` : goTrim(value) };
}

function goTrim(text: string): string {
  // Most texts have nothing to trim.
  if (/^[!-~](?:[ -~]*[!-~])?$/u.test(text)) return text;
  const characters = Array.from(text);
  let start = 0;
  let end = characters.length;
  while (start < end && isSpace(characters[start] as string)) start++;
  while (end > start && isSpace(characters[end - 1] as string)) end--;
  return characters.slice(start, end).join("");
}

function checkLine(reader: Reader): void {
  if (reader.filled - reader.position < longestLine) return;
  const ahead = reader.bytes.subarray(reader.position, reader.position + longestLine);
  if (!ahead.includes(0x0a) && !ahead.includes(0x0d)) {
    throw new UnitError(`line too long (max ${longestLine} bytes)`);
  }
}

function fill(reader: Reader): void {
  reader.filled = Math.min(reader.bytes.length, reader.position + bufferSize);
}

function readCharacter(reader: Reader): string | undefined {
  if (reader.position >= reader.filled) fill(reader);
  const lead = reader.bytes[reader.position];
  if (lead === undefined) return undefined;
  if (lead < 0x80) {
    reader.position++;
    return String.fromCharCode(lead);
  }
  const wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (reader.position + wanted > reader.filled) fill(reader);
  const text = bytesToText(reader.bytes.subarray(reader.position, reader.position + wanted));
  const character = String.fromCodePoint(text.codePointAt(0) ?? 0);
  reader.position += textToBytes(character).length;
  return character;
}

function unread(reader: Reader, character: string): void {
  reader.position -= textToBytes(character).length;
}

function readUntil(
  reader: Reader,
  delimiter: number,
): { readonly bytes: Uint8Array; readonly found: boolean } {
  const start = reader.position;
  let searched = reader.position;
  for (;;) {
    const at = reader.bytes.subarray(0, reader.filled).indexOf(delimiter, searched);
    if (at >= 0) {
      reader.position = at + 1;
      return { bytes: reader.bytes.subarray(start, at + 1), found: true };
    }
    searched = reader.filled;
    if (reader.filled >= reader.bytes.length) {
      reader.position = reader.bytes.length;
      return { bytes: reader.bytes.subarray(start), found: false };
    }
    // A full buffer is put aside and emptied, one that is not is topped up.
    if (reader.filled - reader.position >= bufferSize) reader.position = reader.filled;
    fill(reader);
  }
}

function readLine(reader: Reader): { readonly line: Uint8Array; readonly atEnd: boolean } {
  const { bytes, found } = readUntil(reader, 0x0a);
  let line = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
  if (line.at(-1) === 0x0a) line = line.subarray(0, -1);
  return { line, atEnd: !found };
}

/** The values of an option in a section, in order. */
export function unitValues(unit: ParsedUnit, section: string, name: string): readonly string[] {
  if ("problem" in unit) return [];
  return unit.options
    .filter((option) => option.section === section && option.name === name)
    .map((option) => option.value);
}
