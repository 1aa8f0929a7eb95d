import {
  atDocumentIndicator,
  type Cursor,
  isBlank,
  isBlankOrEnd,
  isBreak,
  isEnd,
  markOf,
  need,
  newCursor,
  skip,
  syntaxError,
  takeBreak,
  takeLine,
  unitAt,
} from "./yaml-cursor.ts";
import type { YamlInput } from "./yaml-input.ts";
import {
  checkDepth,
  closeIndents,
  currentKey,
  dropKey,
  isValidKey,
  openIndent,
  push,
  pushIndicator,
  saveKey,
  type Scanner,
} from "./yaml-keys.ts";
import { scanAnchor, scanDirective, scanTag } from "./yaml-markers.ts";
import { scanBlockScalar, scanPlainScalar, scanQuotedScalar } from "./yaml-scalars.ts";
import type { Token, TokenType } from "./yaml-tokens.ts";

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
  switch (String.fromCharCode(unit)) {
    case "[":
      return openFlow(scanner, "flow-sequence-start");
    case "{":
      return openFlow(scanner, "flow-mapping-start");
    case "]":
      return closeFlow(scanner, "flow-sequence-end");
    case "}":
      return closeFlow(scanner, "flow-mapping-end");
    case ",":
      dropKey(scanner);
      scanner.keyAllowed = true;
      return pushIndicator(scanner, "flow-entry");
    case "*":
      return fetchNode(scanner, () => scanAnchor(cursor, "alias"));
    case "&":
      return fetchNode(scanner, () => scanAnchor(cursor, "anchor"));
    case "!":
      return fetchNode(scanner, () => scanTag(cursor));
    case "'":
      return fetchNode(scanner, () => scanQuotedScalar(cursor, true));
    case '"':
      return fetchNode(scanner, () => scanQuotedScalar(cursor, false));
    case "|":
    case ">":
      if (!inFlow) return fetchBlockScalar(scanner, unit === 0x7c);
      break;
    case "-":
      return beforeBlank ? fetchBlockEntry(scanner) : fetchPlain(scanner);
    case "?":
      return inFlow || beforeBlank ? fetchKey(scanner) : fetchPlain(scanner);
    case ":":
      return inFlow || beforeBlank ? fetchValue(scanner) : fetchPlain(scanner);
    default:
      if (!isBlankOrEnd(unit) && !"#%@`".includes(String.fromCharCode(unit))) return fetchPlain(scanner);
  }
  const place = markOf(cursor);
  throw syntaxError("characters", "found character that cannot start any token", place, place);
}

// A tab may stand where no indentation could.
function tabMayStand(scanner: Scanner): boolean {
  return scanner.keys.length > 1 || !scanner.keyAllowed;
}

function skipToToken(scanner: Scanner): void {
  const { cursor } = scanner;
  for (;;) {
    need(cursor, 1);
    if (cursor.position === 0 && unitAt(cursor) === 0xfeff) skip(cursor);
    need(cursor, 1);
    while (unitAt(cursor) === 0x20 || (unitAt(cursor) === 0x09 && tabMayStand(scanner))) {
      skip(cursor);
      need(cursor, 1);
    }
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

function fetchStreamEnd(scanner: Scanner): void {
  const { cursor } = scanner;
  if (cursor.column !== 0) {
    cursor.column = 0;
    cursor.line++;
  }
  closeIndents(scanner, -1, markOf(cursor));
  dropKey(scanner);
  scanner.keyAllowed = false;
  push(scanner, { type: "stream-end", start: markOf(cursor), end: markOf(cursor) });
}

function fetchDirective(scanner: Scanner): void {
  closeIndents(scanner, -1, markOf(scanner.cursor));
  dropKey(scanner);
  scanner.keyAllowed = false;
  push(scanner, scanDirective(scanner.cursor));
}

function fetchDocumentIndicator(scanner: Scanner): void {
  const { cursor } = scanner;
  closeIndents(scanner, -1, markOf(cursor));
  dropKey(scanner);
  scanner.keyAllowed = false;
  const start = markOf(cursor);
  const type = unitAt(cursor) === 0x2d ? "document-start" : "document-end";
  for (let k = 0; k < 3; k++) skip(cursor);
  push(scanner, { type, start, end: markOf(cursor) });
}

function openFlow(scanner: Scanner, type: TokenType): void {
  saveKey(scanner);
  const tokenNumber = scanner.taken + scanner.tokens.length - scanner.head;
  scanner.keys.push({ possible: false, required: false, tokenNumber, mark: markOf(scanner.cursor) });
  checkDepth(scanner, scanner.keys.length - 1);
  scanner.keyAllowed = true;
  pushIndicator(scanner, type);
}

function closeFlow(scanner: Scanner, type: TokenType): void {
  dropKey(scanner);
  // The collection's own first token is numbered like its entry here: it is no longer waited for, as in go-yaml.
  if (scanner.keys.length > 1) scanner.waiting.delete(scanner.keys.pop()?.tokenNumber ?? -1);
  scanner.keyAllowed = false;
  pushIndicator(scanner, type);
}

function notAllowed(scanner: Scanner, what: string): Error {
  const place = markOf(scanner.cursor);
  return syntaxError("characters", `${what} not allowed in this context`, place, place);
}

function fetchBlockEntry(scanner: Scanner): void {
  const { cursor } = scanner;
  if (scanner.keys.length === 1) {
    if (!scanner.keyAllowed) throw notAllowed(scanner, "block sequence entries are");
    openIndent(scanner, cursor.column, -1, "block-sequence-start", markOf(cursor));
  }
  dropKey(scanner);
  scanner.keyAllowed = true;
  pushIndicator(scanner, "block-entry");
}

function fetchKey(scanner: Scanner): void {
  const { cursor } = scanner;
  if (scanner.keys.length === 1) {
    if (!scanner.keyAllowed) throw notAllowed(scanner, "mapping keys are");
    openIndent(scanner, cursor.column, -1, "block-mapping-start", markOf(cursor));
  }
  dropKey(scanner);
  scanner.keyAllowed = scanner.keys.length === 1;
  pushIndicator(scanner, "key");
}

function fetchValue(scanner: Scanner): void {
  const { cursor } = scanner;
  const key = currentKey(scanner);
  if (isValidKey(scanner, key)) {
    push(scanner, { type: "key", start: key.mark, end: key.mark }, key.tokenNumber);
    openIndent(scanner, key.mark.column, key.tokenNumber, "block-mapping-start", key.mark);
    key.possible = false;
    scanner.waiting.delete(key.tokenNumber);
    scanner.keyAllowed = false;
  } else {
    if (scanner.keys.length === 1) {
      if (!scanner.keyAllowed) throw notAllowed(scanner, "mapping values are");
      openIndent(scanner, cursor.column, -1, "block-mapping-start", markOf(cursor));
    }
    scanner.keyAllowed = scanner.keys.length === 1;
  }
  pushIndicator(scanner, "value");
}

function fetchNode(scanner: Scanner, scan: () => Token): void {
  saveKey(scanner);
  scanner.keyAllowed = false;
  push(scanner, scan());
}

function fetchPlain(scanner: Scanner): void {
  saveKey(scanner);
  scanner.keyAllowed = false;
  const { token, endsOnNewLine } = scanPlainScalar(
    scanner.cursor,
    scanner.keys.length > 1,
    scanner.indent + 1,
  );
  push(scanner, token);
  if (endsOnNewLine) scanner.keyAllowed = true;
}

function fetchBlockScalar(scanner: Scanner, literal: boolean): void {
  dropKey(scanner);
  scanner.keyAllowed = true;
  push(scanner, scanBlockScalar(scanner.cursor, literal, scanner.indent));
}
