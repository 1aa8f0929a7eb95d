import type { YamlInput } from "./yaml-input.ts";

/** A place in the text. Line and column start at 0; `index` and `column` count characters. */
export interface Mark {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

export interface Cursor extends YamlInput {
  /** Index into the text, in UTF-16 units. */
  position: number;
  index: number;
  line: number;
  column: number;
}

/** A YAML text that cannot be read, in the words of go-yaml. */
export class YamlError extends Error {
  override readonly name = "YamlError";
  /** The line the message names, if any. */
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`);
    this.line = line;
  }
}

/**
 * A fault in the text. go-yaml names the line where the construct began, or, if that is the first line, the line of
 * the fault; it counts from 0 for faults in structure and from 1 for faults in characters, and never names line 0.
 */
export function syntaxError(
  kind: "characters" | "structure",
  message: string,
  context: Mark | undefined,
  place: Mark,
): YamlError {
  const line = context !== undefined && context.line !== 0 ? context.line : place.line;
  return new YamlError(message, line === 0 ? undefined : line + (kind === "characters" ? 1 : 0));
}

export function newCursor(input: YamlInput): Cursor {
  return { ...input, position: 0, index: 0, line: 0, column: 0 };
}

export function markOf(cursor: Cursor): Mark {
  return { index: cursor.index, line: cursor.line, column: cursor.column };
}

/** The code unit at an offset from here; 0 behind the end. */
export function unitAt(cursor: Cursor, offset = 0): number {
  const position = cursor.position + offset;
  return position < cursor.text.length ? cursor.text.charCodeAt(position) : 0;
}

/** Makes sure that the next characters can be read. */
export function need(cursor: Cursor, count: number): void {
  if (cursor.position + count > cursor.problemFrom) throw new YamlError(cursor.problem);
}

/** Steps over one character that is not a line break. */
export function skip(cursor: Cursor): void {
  const unit = unitAt(cursor);
  cursor.position += unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
  cursor.index++;
  cursor.column++;
}

/**
 * Steps over all that stands before a place on this line, as {@link skip} does character by character, when each of the
 * next `ahead` characters had to be there. A loop of its own, because most of a text is passed over here.
 */
export function skipTo(cursor: Cursor, end: number, ahead: number): void {
  const { text, position } = cursor;
  if (end === position) return;
  if (end + ahead > cursor.problemFrom) throw new YamlError(cursor.problem);
  let characters = end - position;
  for (let i = position; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) characters--;
  }
  cursor.position = end;
  cursor.index += characters;
  cursor.column += characters;
}

/** Steps over one character and returns it. */
export function take(cursor: Cursor): string {
  const start = cursor.position;
  skip(cursor);
  return cursor.text.slice(start, cursor.position);
}

/** Steps over a line break and returns what it means: CR, LF, CRLF and NEL are a line feed. */
export function takeBreak(cursor: Cursor): string {
  const unit = unitAt(cursor);
  if (!isBreak(unit)) return "";
  const width = unit === 0x0d && unitAt(cursor, 1) === 0x0a ? 2 : 1;
  cursor.position += width;
  cursor.index += width;
  cursor.column = 0;
  cursor.line++;
  return unit === 0x2028 || unit === 0x2029 ? String.fromCharCode(unit) : "\n";
}

/** Steps over the rest of the line up to its break and returns it. */
export function takeLine(cursor: Cursor): string {
  const { text, position } = cursor;
  need(cursor, 1);
  let end = position;
  while (end < text.length && !isBreakOrEnd(text.charCodeAt(end))) end++;
  skipTo(cursor, end, 1);
  return text.slice(position, end);
}

export function skipBlanks(cursor: Cursor): void {
  for (need(cursor, 1); isBlank(unitAt(cursor)); need(cursor, 1)) skip(cursor);
}

export const isEnd = (unit: number): boolean => unit === 0;
export const isBlank = (unit: number): boolean => unit === 0x20 || unit === 0x09;
export const isBreak = (unit: number): boolean =>
  unit < 0x85 ? unit === 0x0a || unit === 0x0d : unit === 0x85 || unit === 0x2028 || unit === 0x2029;
export const isBreakOrEnd = (unit: number): boolean => isBreak(unit) || unit === 0;
export const isBlankOrEnd = (unit: number): boolean =>
  unit > 0x20 && unit < 0x85 ? false : isBlank(unit) || isBreakOrEnd(unit);
export const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;

/** Letters, digits, `_` and `-`: what names of anchors, tags and directives are made of. */
export const isNameUnit = (unit: number): boolean =>
  isDigit(unit) ||
  (unit >= 0x41 && unit <= 0x5a) ||
  (unit >= 0x61 && unit <= 0x7a) ||
  unit === 0x5f ||
  unit === 0x2d;

/** `---` or `...` alone at the start of a line. */
export function atDocumentIndicator(cursor: Cursor): boolean {
  if (cursor.column !== 0) return false;
  const first = unitAt(cursor);
  if (first !== 0x2d && first !== 0x2e) return false;
  const three = cursor.text.slice(cursor.position, cursor.position + 3);
  return (three === "---" || three === "...") && isBlankOrEnd(unitAt(cursor, 3));
}
