import {
  type Cursor,
  isBlank,
  isBreak,
  isBreakOrEnd,
  isDigit,
  isEnd,
  type Mark,
  markOf,
  need,
  skip,
  skipBlanks,
  syntaxError,
  takeBreak,
  takeLine,
  unitAt,
} from "./yaml-cursor.ts";
import type { Token } from "./yaml-tokens.ts";

/** A scalar behind `|` or `>`. */
export function scanBlockScalar(cursor: Cursor, literal: boolean, parentIndent: number): Token {
  const start = markOf(cursor);
  skip(cursor);
  const { chomping, increment } = scanBlockHeader(cursor, start);
  let end = markOf(cursor);
  let indent = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;
  const parts: string[] = [];
  let lineBreak = "";
  let leadingBlank = false;
  let breaks = scanBreaks();
  need(cursor, 1);
  while (cursor.column === indent && !isEnd(unitAt(cursor))) {
    const startsBlank = isBlank(unitAt(cursor));
    const folds = !literal && !leadingBlank && !startsBlank && lineBreak.startsWith("\n");
    parts.push(folds ? (breaks === "" ? " " : "") : lineBreak, breaks);
    leadingBlank = startsBlank;
    parts.push(takeLine(cursor));
    need(cursor, 2);
    lineBreak = takeBreak(cursor);
    breaks = scanBreaks();
  }
  if (chomping !== "strip") parts.push(lineBreak);
  if (chomping === "keep") parts.push(breaks);
  return { type: "scalar", start, end, value: parts.join(""), style: literal ? "literal" : "folded" };

  function beforeIndent(): boolean {
    return indent === 0 || cursor.column < indent;
  }

  function scanBreaks(): string {
    let found = "";
    let deepest = 0;
    end = markOf(cursor);
    for (;;) {
      need(cursor, 1);
      for (; beforeIndent() && unitAt(cursor) === 0x20; need(cursor, 1)) skip(cursor);
      deepest = Math.max(deepest, cursor.column);
      if (beforeIndent() && unitAt(cursor) === 0x09) {
        const message = "found a tab character where an indentation space is expected";
        throw syntaxError("characters", message, start, markOf(cursor));
      }
      if (!isBreak(unitAt(cursor))) break;
      need(cursor, 2);
      found += takeBreak(cursor);
      end = markOf(cursor);
    }
    if (indent === 0) indent = Math.max(deepest, parentIndent + 1, 1);
    return found;
  }
}

function scanBlockHeader(
  cursor: Cursor,
  start: Mark,
): { readonly chomping: "clip" | "strip" | "keep"; readonly increment: number } {
  let chomping: "clip" | "strip" | "keep" = "clip";
  let increment = 0;
  const takeChomping = (): boolean => {
    const unit = unitAt(cursor);
    if (unit !== 0x2b && unit !== 0x2d) return false;
    chomping = unit === 0x2b ? "keep" : "strip";
    skip(cursor);
    need(cursor, 1);
    return true;
  };
  const takeIncrement = (): void => {
    if (!isDigit(unitAt(cursor))) return;
    increment = unitAt(cursor) - 0x30;
    if (increment === 0) {
      throw syntaxError("characters", "found an indentation indicator equal to 0", start, markOf(cursor));
    }
    skip(cursor);
    need(cursor, 1);
  };
  need(cursor, 1);
  const chompingFirst = takeChomping();
  takeIncrement();
  if (!chompingFirst && increment > 0) takeChomping();
  skipBlanks(cursor);
  if (unitAt(cursor) === 0x23) takeLine(cursor);
  if (!isBreakOrEnd(unitAt(cursor))) {
    throw syntaxError("characters", "did not find expected comment or line break", start, markOf(cursor));
  }
  if (isBreak(unitAt(cursor))) {
    need(cursor, 2);
    takeBreak(cursor);
  }
  return { chomping, increment };
}
