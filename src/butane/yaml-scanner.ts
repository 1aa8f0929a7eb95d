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
  takeBreak,
  takeLine,
  unitAt,
  newCursor,
} from "./yaml-cursor.ts";
import type { YamlInput } from "./yaml-input.ts";
import { closeIndents, dropKey, isValidKey, pushIndicator, type Scanner } from "./yaml-keys.ts";
import { scanAnchor, scanTag } from "./yaml-markers.ts";
import { scanQuotedScalar } from "./yaml-scalars.ts";
import type { Token } from "./yaml-tokens.ts";
import {
  fetchStreamEnd,
  fetchDirective,
  fetchDocumentIndicator,
  openFlow,
  closeFlow,
  fetchBlockEntry,
  fetchKey,
  fetchValue,
  fetchNode,
  fetchPlain,
  fetchBlockScalar,
} from "./yaml-fetch.ts";

/** Tokens of a YAML stream, found no earlier than they are asked for, so that a fault behind the end stays unseen. */
export interface TokenSource {
  readonly peek: () => Token;
  readonly next: () => Token;
}

export function scanTokens(input: YamlInput): TokenSource {
  const cursor = newCursor(input);
  const origin = markOf(cursor);
  const scanner: Scanner = {
    cursor,
    tokens: [{ type: "stream-start", start: origin, end: origin }],
    head: 0,
    taken: 0,
    indent: -1,
    indents: [],
    keys: [{ possible: false, required: false, tokenNumber: 0, mark: origin }],
    keyAllowed: true,
    waiting: new Map(),
  };
  let ready = false;
  const peek = (): Token => {
    if (!ready) fetchTokens(scanner);
    ready = true;
    return scanner.tokens[scanner.head] as Token;
  };
  const next = (): Token => {
    const token = peek();
    ready = false;
    scanner.head++;
    scanner.taken++;
    if (scanner.head > 1024) {
      scanner.tokens = scanner.tokens.slice(scanner.head);
      scanner.head = 0;
    }
    return token;
  };
  return { peek, next };
}

// Two tokens of look-ahead are what go-yaml wants for its comments; it decides which of two faults is seen first.
function fetchTokens(scanner: Scanner): void {
  for (;;) {
    if (scanner.head < scanner.tokens.length - 2) {
      const key = scanner.waiting.get(scanner.taken);
      if (key === undefined || !isValidKey(scanner, key)) return;
    }
    fetchToken(scanner);
  }
}

function fetchToken(scanner: Scanner): void {
  const { cursor } = scanner;
  need(cursor, 1);
  const before = markOf(cursor);
  skipToToken(scanner);
  closeIndents(scanner, cursor.column, before);
  need(cursor, 4);
  const unit = unitAt(cursor);
  if (isEnd(unit)) fetchStreamEnd(scanner);
  else if (cursor.column === 0 && unit === 0x25) fetchDirective(scanner);
  else if (atDocumentIndicator(cursor)) fetchDocumentIndicator(scanner);
  else {
    fetchContent(scanner, unit);
    if (scanner.tokens.at(-1)?.type !== "block-entry") skipLineComment(cursor);
  }
}

function fetchContent(scanner: Scanner, unit: number): void {
  const { cursor } = scanner;
  const inFlow = scanner.keys.length > 1;
  const beforeBlank = isBlankOrEnd(unitAt(cursor, 1));
  switch (unit) {
    case 0x5b: // [
      return openFlow(scanner, "flow-sequence-start");
    case 0x7b: // {
      return openFlow(scanner, "flow-mapping-start");
    case 0x5d: // ]
      return closeFlow(scanner, "flow-sequence-end");
    case 0x7d: // }
      return closeFlow(scanner, "flow-mapping-end");
    case 0x2c: // ,
      dropKey(scanner);
      scanner.keyAllowed = true;
      return pushIndicator(scanner, "flow-entry");
    case 0x2a: // *
      return fetchNode(scanner, () => scanAnchor(cursor, "alias"));
    case 0x26: // &
      return fetchNode(scanner, () => scanAnchor(cursor, "anchor"));
    case 0x21: // !
      return fetchNode(scanner, () => scanTag(cursor));
    case 0x27: // '
      return fetchNode(scanner, () => scanQuotedScalar(cursor, true));
    case 0x22: // "
      return fetchNode(scanner, () => scanQuotedScalar(cursor, false));
    case 0x7c: // |
    case 0x3e: // >
      if (!inFlow) return fetchBlockScalar(scanner, unit === 0x7c);
      break;
    case 0x2d: // -
      return beforeBlank ? fetchBlockEntry(scanner) : fetchPlain(scanner);
    case 0x3f: // ?
      return inFlow || beforeBlank ? fetchKey(scanner) : fetchPlain(scanner);
    case 0x3a: // :
      return inFlow || beforeBlank ? fetchValue(scanner) : fetchPlain(scanner);
    case 0x23: // #
    case 0x25: // %
    case 0x40: // @
    case 0x60: // `
      break;
    default:
      if (!isBlankOrEnd(unit)) return fetchPlain(scanner);
  }
  const place = markOf(cursor);
  throw syntaxError("characters", "found character that cannot start any token", place, place);
}

// A tab may stand where no indentation could.
function tabMayStand(scanner: Scanner): boolean {
  return scanner.keys.length > 1 || !scanner.keyAllowed;
}

function endOfBlanks(text: string, from: number, tabs: boolean): number {
  for (let at = from; ; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && !(tabs && unit === 0x09)) return at;
  }
}

function skipToToken(scanner: Scanner): void {
  const { cursor } = scanner;
  for (;;) {
    need(cursor, 1);
    if (cursor.position === 0 && unitAt(cursor) === 0xfeff) skip(cursor);
    need(cursor, 1);
    skipTo(cursor, endOfBlanks(cursor.text, cursor.position, tabMayStand(scanner)), 1);
    if (unitAt(cursor) === 0x23) takeLine(cursor);
    if (!isBreak(unitAt(cursor))) return;
    need(cursor, 2);
    takeBreak(cursor);
    if (scanner.keys.length === 1) scanner.keyAllowed = true;
  }
}

// A `#` right behind a token starts a comment, with or without white space between them.
function skipLineComment(cursor: Cursor): void {
  let offset = 0;
  for (need(cursor, 1); offset < 512 && isBlank(unitAt(cursor, offset)); need(cursor, offset + 1)) offset++;
  if (unitAt(cursor, offset) === 0x23) takeLine(cursor);
}
