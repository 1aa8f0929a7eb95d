import {
  type Cursor,
  isBlank,
  isBlankOrEnd,
  isBreak,
  isBreakOrEnd,
  isDigit,
  isNameUnit,
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

/** `&name` or `*name`. */
export function scanAnchor(cursor: Cursor, type: "anchor" | "alias"): Token {
  const start = markOf(cursor);
  skip(cursor);
  const value = takeName(cursor);
  const unit = unitAt(cursor);
  if (value === "" || !(isBlankOrEnd(unit) || "?:,]}%@`".includes(String.fromCharCode(unit)))) {
    throw syntaxError(
      "characters",
      "did not find expected alphabetic or numeric character",
      start,
      markOf(cursor),
    );
  }
  return { type, start, end: markOf(cursor), value };
}

/** `%YAML 1.1` or `%TAG !e! prefix`. */
export function scanDirective(cursor: Cursor): Token {
  const start = markOf(cursor);
  const fail = failure(cursor, start);
  skip(cursor);
  const name = takeName(cursor);
  if (name === "") throw fail("could not find expected directive name");
  if (!isBlankOrEnd(unitAt(cursor))) throw fail("found unexpected non-alphabetical character");
  const token =
    name === "YAML"
      ? scanVersion(cursor, start)
      : name === "TAG"
        ? scanTagDirective(cursor, start)
        : undefined;
  if (token === undefined) throw fail("found unknown directive name");
  skipBlanks(cursor);
  if (unitAt(cursor) === 0x23) takeLine(cursor);
  if (!isBreakOrEnd(unitAt(cursor))) throw fail("did not find expected comment or line break");
  if (isBreak(unitAt(cursor))) {
    need(cursor, 2);
    takeBreak(cursor);
  }
  return token;
}

function scanVersion(cursor: Cursor, start: Mark): Token {
  const fail = failure(cursor, start);
  skipBlanks(cursor);
  const major = takeNumber(cursor, fail);
  if (unitAt(cursor) !== 0x2e) throw fail("did not find expected digit or '.' character");
  skip(cursor);
  const minor = takeNumber(cursor, fail);
  return {
    type: "version-directive",
    start,
    end: markOf(cursor),
    value: `${Number(major)}.${Number(minor)}`,
  };
}

function takeNumber(cursor: Cursor, fail: (message: string) => Error): string {
  let digits = "";
  for (need(cursor, 1); isDigit(unitAt(cursor)); need(cursor, 1)) {
    if (digits.length === 2) throw fail("found extremely long version number");
    digits += String.fromCharCode(unitAt(cursor));
    skip(cursor);
  }
  if (digits === "") throw fail("did not find expected version number");
  return digits;
}

function scanTagDirective(cursor: Cursor, start: Mark): Token {
  const fail = failure(cursor, start);
  skipBlanks(cursor);
  const value = scanHandle(cursor, true, fail);
  need(cursor, 1);
  if (!isBlank(unitAt(cursor))) throw fail("did not find expected whitespace");
  skipBlanks(cursor);
  const suffix = scanUri(cursor, "", fail);
  need(cursor, 1);
  if (!isBlankOrEnd(unitAt(cursor))) throw fail("did not find expected whitespace or line break");
  return { type: "tag-directive", start, end: markOf(cursor), value, suffix };
}

/** `!name`, `!!name`, `!e!name` or `!<uri>`. */
export function scanTag(cursor: Cursor): Token {
  const start = markOf(cursor);
  const fail = failure(cursor, start);
  let handle = "";
  let suffix: string;
  need(cursor, 2);
  if (unitAt(cursor, 1) === 0x3c) {
    skip(cursor);
    skip(cursor);
    suffix = scanUri(cursor, "", fail);
    if (unitAt(cursor) !== 0x3e) throw fail("did not find the expected '>'");
    skip(cursor);
  } else {
    handle = scanHandle(cursor, false, fail);
    if (handle.length > 1 && handle.endsWith("!")) suffix = scanUri(cursor, "", fail);
    else {
      suffix = scanUri(cursor, handle, fail);
      handle = "!";
      // A lone `!` is the non-specific tag.
      if (suffix === "") [handle, suffix] = ["", "!"];
    }
  }
  need(cursor, 1);
  if (!isBlankOrEnd(unitAt(cursor))) throw fail("did not find expected whitespace or line break");
  return { type: "tag", start, end: markOf(cursor), value: handle, suffix };
}

function scanHandle(cursor: Cursor, directive: boolean, fail: (message: string) => Error): string {
  need(cursor, 1);
  if (unitAt(cursor) !== 0x21) throw fail("did not find expected '!'");
  skip(cursor);
  const name = takeName(cursor);
  if (unitAt(cursor) === 0x21) {
    skip(cursor);
    return `!${name}!`;
  }
  if (directive && name !== "") throw fail("did not find expected '!'");
  return `!${name}`;
}

const uriUnits = new Set(Array.from(";/?:@&=+$,.!~*'()[]%", (text) => text.charCodeAt(0)));

function scanUri(cursor: Cursor, head: string, fail: (message: string) => Error): string {
  let uri = head.slice(1);
  let found = head !== "";
  for (need(cursor, 1); isNameUnit(unitAt(cursor)) || uriUnits.has(unitAt(cursor)); need(cursor, 1)) {
    if (unitAt(cursor) === 0x25) uri += takeEscapedCharacter(cursor, fail);
    else {
      uri += String.fromCharCode(unitAt(cursor));
      skip(cursor);
    }
    found = true;
  }
  if (!found) throw fail("did not find expected tag URI");
  return uri;
}

function takeEscapedCharacter(cursor: Cursor, fail: (message: string) => Error): string {
  const octets: number[] = [];
  for (let left = 1; left > 0; left--) {
    need(cursor, 3);
    const hex = /^%([0-9A-Fa-f]{2})$/u.exec(cursor.text.slice(cursor.position, cursor.position + 3))?.[1];
    if (hex === undefined) throw fail("did not find URI escaped octet");
    const octet = Number.parseInt(hex, 16);
    if (octets.length === 0) {
      left = octet < 0x80 ? 1 : octet < 0xc0 ? 0 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : octet < 0xf8 ? 4 : 0;
      if (left === 0) throw fail("found an incorrect leading UTF-8 octet");
    } else if ((octet & 0xc0) !== 0x80) throw fail("found an incorrect trailing UTF-8 octet");
    octets.push(octet);
    for (let k = 0; k < 3; k++) skip(cursor);
  }
  return Buffer.from(octets).toString("utf8");
}

function takeName(cursor: Cursor): string {
  const start = cursor.position;
  for (need(cursor, 1); isNameUnit(unitAt(cursor)); need(cursor, 1)) skip(cursor);
  return cursor.text.slice(start, cursor.position);
}

function failure(cursor: Cursor, start: Mark): (message: string) => Error {
  return (message) => syntaxError("characters", message, start, markOf(cursor));
}
