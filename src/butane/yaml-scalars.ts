import {
  atDocumentIndicator,
  type Cursor,
  isBlank,
  isBlankOrEnd,
  isBreak,
  isEnd,
  markOf,
  need,
  skip,
  skipTo,
  syntaxError,
  take,
  takeBreak,
  unitAt,
} from "./yaml-cursor.ts";
import type { Token } from "./yaml-tokens.ts";

/** White space between two parts of a scalar that goes over several lines: one break is a space, more are kept less one. */
interface Gap {
  blanks: string;
  firstBreak: string;
  moreBreaks: string;
  broken: boolean;
}

function foldGap(gap: Gap): string {
  if (!gap.broken) return gap.blanks;
  if (!gap.firstBreak.startsWith("\n")) return gap.firstBreak + gap.moreBreaks;
  return gap.moreBreaks === "" ? " " : gap.moreBreaks;
}

function newGap(broken = false): Gap {
  return { blanks: "", firstBreak: "", moreBreaks: "", broken };
}

/** What stands behind a part is not known yet. */
const noGap: Gap = newGap();

function takeGapUnit(cursor: Cursor, gap: Gap): void {
  if (isBlank(unitAt(cursor))) {
    const blank = take(cursor);
    if (!gap.broken) gap.blanks += blank;
    return;
  }
  need(cursor, 2);
  if (gap.broken) gap.moreBreaks += takeBreak(cursor);
  else {
    gap.blanks = "";
    gap.firstBreak = takeBreak(cursor);
    gap.broken = true;
  }
}

const isFlowIndicator = (unit: number): boolean =>
  unit === 0x2c || unit === 0x3f || unit === 0x5b || unit === 0x5d || unit === 0x7b || unit === 0x7d;

/** A plain scalar; `endsOnNewLine` when white space behind it went over a line break. */
export function scanPlainScalar(
  cursor: Cursor,
  inFlow: boolean,
  indent: number,
): { readonly token: Token; readonly endsOnNewLine: boolean } {
  const start = markOf(cursor);
  let end = start;
  let value = "";
  let gap = noGap;
  for (;;) {
    need(cursor, 4);
    if (atDocumentIndicator(cursor) || unitAt(cursor) === 0x23) break;
    const from = cursor.position;
    skipTo(cursor, endOfPlain(cursor.text, from, inFlow), 2);
    if (cursor.position > from) {
      const part = cursor.text.slice(from, cursor.position);
      value = gap === noGap ? value + part : value + foldGap(gap) + part;
      gap = noGap;
      end = markOf(cursor);
    }
    const unit = unitAt(cursor);
    if (!isBlank(unit) && !isBreak(unit)) break;
    if (gap === noGap) gap = newGap();
    for (need(cursor, 1); isBlank(unitAt(cursor)) || isBreak(unitAt(cursor)); need(cursor, 1)) {
      if (gap.broken && cursor.column < indent && unitAt(cursor) === 0x09) {
        throw syntaxError(
          "characters",
          "found a tab character that violates indentation",
          start,
          markOf(cursor),
        );
      }
      takeGapUnit(cursor, gap);
    }
    if (!inFlow && cursor.column < indent) break;
  }
  return { token: { type: "scalar", start, end, value, style: "plain" }, endsOnNewLine: gap.broken };
}

/** Where a run of characters ends that may all stand in a plain scalar. */
function endOfPlain(text: string, from: number, inFlow: boolean): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isBlankOrEnd(unit) || (inFlow && isFlowIndicator(unit))) return at;
    if (unit === 0x3a && (at + 1 === text.length || isBlankOrEnd(text.charCodeAt(at + 1)))) return at;
  }
  return text.length;
}

/** A scalar in single or double quotes. */
export function scanQuotedScalar(cursor: Cursor, single: boolean): Token {
  const start = markOf(cursor);
  const quote = single ? 0x27 : 0x22;
  const fail = (message: string): Error => syntaxError("characters", message, start, markOf(cursor));
  skip(cursor);
  let value = "";
  for (;;) {
    need(cursor, 4);
    if (atDocumentIndicator(cursor)) throw fail("found unexpected document indicator");
    if (isEnd(unitAt(cursor))) throw fail("found unexpected end of stream");
    let continued = false;
    while (!isBlankOrEnd(unitAt(cursor)) && !continued) {
      const from = cursor.position;
      const run = endOfQuoted(cursor.text, from, quote);
      if (run > from) {
        skipTo(cursor, run, 2);
        value += cursor.text.slice(from, run);
        continue;
      }
      const unit = unitAt(cursor);
      if (single && unit === quote && unitAt(cursor, 1) === quote) {
        value += "'";
        skip(cursor);
        skip(cursor);
      } else if (unit === quote) {
        break;
      } else {
        if (isBreak(unitAt(cursor, 1))) {
          need(cursor, 3);
          skip(cursor);
          takeBreak(cursor);
          continued = true;
        } else value += takeEscape(cursor, fail);
      }
      need(cursor, 2);
    }
    need(cursor, 1);
    if (unitAt(cursor) === quote) break;
    const gap = newGap(continued);
    for (; isBlank(unitAt(cursor)) || isBreak(unitAt(cursor)); need(cursor, 1)) takeGapUnit(cursor, gap);
    // Behind an escaped line break nothing is folded: there is no first break, only further ones.
    value += continued ? gap.moreBreaks : foldGap(gap);
  }
  skip(cursor);
  return { type: "scalar", start, end: markOf(cursor), value, style: single ? "single" : "double" };
}

/** Where a run of characters ends that mean themselves. */
function endOfQuoted(text: string, from: number, quote: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isBlankOrEnd(unit) || unit === quote || (unit === 0x5c && quote === 0x22)) break;
  }
  return at;
}

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "'": "'",
  "\\": "\\",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
};
const codeLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function takeEscape(cursor: Cursor, fail: (message: string) => Error): string {
  const letter = String.fromCharCode(unitAt(cursor, 1));
  const length = codeLengths[letter];
  if (length === undefined && escapes[letter] === undefined) throw fail("found unknown escape character");
  skip(cursor);
  skip(cursor);
  if (length === undefined) return escapes[letter] ?? "";
  need(cursor, length);
  const digits = cursor.text.slice(cursor.position, cursor.position + length);
  if (digits.length < length || !/^[0-9A-Fa-f]*$/u.test(digits)) {
    throw fail("did not find expected hexdecimal number");
  }
  const code = Number.parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
    throw fail("found invalid Unicode character escape code");
  }
  for (let k = 0; k < length; k++) skip(cursor);
  return String.fromCodePoint(code);
}
