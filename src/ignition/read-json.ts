import type { SourceNode } from "./source-map.ts";

/** A value of a JSON text. */
export interface JsonNode extends SourceNode {
  readonly type: "string" | "number" | "bool" | "null" | "array" | "object";
  readonly content: readonly JsonNode[];
}

/** A text that is no JSON, in the words of Go's decoder. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

interface Reader {
  readonly text: string;
  position: number;
  line: number;
  lineStart: number;
  depth: number;
}

const maxDepth = 1000;

/** Reads a JSON text with the place of every value. */
export function readJson(text: string): JsonNode {
  const reader: Reader = { text, position: 0, line: 1, lineStart: 0, depth: 0 };
  skipSpace(reader);
  const node = readValue(reader);
  skipSpace(reader);
  if (reader.position < text.length) throw unexpected(reader, "after top-level value");
  return node;
}

const current = (reader: Reader): string => reader.text.charAt(reader.position);

function skipSpace(reader: Reader): void {
  for (; " \t\r\n".includes(current(reader)) && current(reader) !== ""; reader.position++) {
    if (current(reader) !== "\n") continue;
    reader.line++;
    reader.lineStart = reader.position + 1;
  }
}

function unexpected(reader: Reader, context: string): JsonError {
  const code = reader.text.codePointAt(reader.position);
  const { line } = reader;
  const column = reader.position - reader.lineStart + 1;
  if (code === undefined) return new JsonError("unexpected end of JSON input", line, column);
  const character = String.fromCodePoint(code);
  const shown =
    character === "'"
      ? String.raw`'\''`
      : character === '"'
        ? "'\"'"
        : `'${JSON.stringify(character).slice(1, -1)}'`;
  return new JsonError(`invalid character ${shown} ${context}`, line, column);
}

function readValue(reader: Reader): JsonNode {
  const place = { line: reader.line, column: reader.position - reader.lineStart + 1 };
  const first = current(reader);
  if (first === "{" || first === "[") {
    if (++reader.depth > maxDepth) throw new JsonError("exceeded max depth", place.line, place.column);
    const content = first === "{" ? readObject(reader) : readArray(reader);
    reader.depth--;
    return first === "{"
      ? { ...place, kind: "mapping", type: "object", value: "", content }
      : { ...place, kind: "sequence", type: "array", value: "", content };
  }
  const scalar = { ...place, kind: "scalar" as const, content: [] };
  if (first === '"') return { ...scalar, type: "string", value: readString(reader) };
  if (first === "-" || (first >= "0" && first <= "9")) {
    return { ...scalar, type: "number", value: readNumber(reader) };
  }
  for (const word of ["true", "false", "null"]) {
    if (first !== word.charAt(0)) continue;
    readWord(reader, word);
    return { ...scalar, type: word === "null" ? "null" : "bool", value: word };
  }
  throw unexpected(reader, "looking for beginning of value");
}

function readWord(reader: Reader, word: string): void {
  for (const letter of word) {
    if (current(reader) !== letter) throw unexpected(reader, `in literal ${word} (expecting '${letter}')`);
    reader.position++;
  }
}

function readObject(reader: Reader): JsonNode[] {
  const content: JsonNode[] = [];
  reader.position++;
  skipSpace(reader);
  if (current(reader) === "}") {
    reader.position++;
    return content;
  }
  for (;;) {
    if (current(reader) !== '"') throw unexpected(reader, "looking for beginning of object key string");
    content.push(readValue(reader));
    skipSpace(reader);
    if (current(reader) !== ":") throw unexpected(reader, "after object key");
    reader.position++;
    skipSpace(reader);
    content.push(readValue(reader));
    skipSpace(reader);
    if (current(reader) === "}") break;
    if (current(reader) !== ",") throw unexpected(reader, "after object key:value pair");
    reader.position++;
    skipSpace(reader);
  }
  reader.position++;
  return content;
}

function readArray(reader: Reader): JsonNode[] {
  const content: JsonNode[] = [];
  reader.position++;
  skipSpace(reader);
  if (current(reader) === "]") {
    reader.position++;
    return content;
  }
  for (;;) {
    content.push(readValue(reader));
    skipSpace(reader);
    if (current(reader) === "]") break;
    if (current(reader) !== ",") throw unexpected(reader, "after array element");
    reader.position++;
    skipSpace(reader);
  }
  reader.position++;
  return content;
}

function readNumber(reader: Reader): string {
  const start = reader.position;
  const digits = (context: string): void => {
    if (!/^\d$/u.test(current(reader))) throw unexpected(reader, context);
    while (/^\d$/u.test(current(reader))) reader.position++;
  };
  if (current(reader) === "-") reader.position++;
  if (current(reader) === "0") reader.position++;
  else digits("in numeric literal");
  if (current(reader) === ".") {
    reader.position++;
    digits("after decimal point in numeric literal");
  }
  if (/^[eE]$/u.test(current(reader))) {
    reader.position++;
    if (/^[-+]$/u.test(current(reader))) reader.position++;
    digits("in exponent of numeric literal");
  }
  return reader.text.slice(start, reader.position);
}

function readString(reader: Reader): string {
  const start = reader.position;
  for (reader.position++; current(reader) !== '"'; reader.position++) {
    const unit = reader.text.charCodeAt(reader.position);
    if (Number.isNaN(unit) || unit < 0x20) throw unexpected(reader, "in string literal");
    if (unit !== 0x5c) continue;
    reader.position++;
    if (current(reader) === "u") {
      for (let k = 0; k < 4; k++) {
        reader.position++;
        if (!/^[0-9A-Fa-f]$/u.test(current(reader))) {
          throw unexpected(reader, "in \\u hexadecimal character escape");
        }
      }
    } else if (!/^["\\/bfnrt]$/u.test(current(reader))) throw unexpected(reader, "in string escape code");
  }
  reader.position++;
  const value: unknown = JSON.parse(reader.text.slice(start, reader.position));
  return String(value).replaceAll(/[\ud800-\udfff]/gu, "\ufffd");
}
