import { markOf, skip, syntaxError, unitAt } from "./yaml-cursor.ts";
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
import { scanBlockScalar } from "./yaml-block-scalar.ts";
import { scanDirective } from "./yaml-markers.ts";
import { scanPlainScalar } from "./yaml-scalars.ts";
import type { Token, TokenType } from "./yaml-tokens.ts";

export function fetchStreamEnd(scanner: Scanner): void {
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

export function fetchDirective(scanner: Scanner): void {
  closeIndents(scanner, -1, markOf(scanner.cursor));
  dropKey(scanner);
  scanner.keyAllowed = false;
  push(scanner, scanDirective(scanner.cursor));
}

export function fetchDocumentIndicator(scanner: Scanner): void {
  const { cursor } = scanner;
  closeIndents(scanner, -1, markOf(cursor));
  dropKey(scanner);
  scanner.keyAllowed = false;
  const start = markOf(cursor);
  const type = unitAt(cursor) === 0x2d ? "document-start" : "document-end";
  for (let k = 0; k < 3; k++) skip(cursor);
  push(scanner, { type, start, end: markOf(cursor) });
}

export function openFlow(scanner: Scanner, type: TokenType): void {
  saveKey(scanner);
  const tokenNumber = scanner.taken + scanner.tokens.length - scanner.head;
  scanner.keys.push({ possible: false, required: false, tokenNumber, mark: markOf(scanner.cursor) });
  checkDepth(scanner, scanner.keys.length - 1);
  scanner.keyAllowed = true;
  pushIndicator(scanner, type);
}

export function closeFlow(scanner: Scanner, type: TokenType): void {
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

export function fetchBlockEntry(scanner: Scanner): void {
  const { cursor } = scanner;
  if (scanner.keys.length === 1) {
    if (!scanner.keyAllowed) throw notAllowed(scanner, "block sequence entries are");
    openIndent(scanner, cursor.column, -1, "block-sequence-start", markOf(cursor));
  }
  dropKey(scanner);
  scanner.keyAllowed = true;
  pushIndicator(scanner, "block-entry");
}

export function fetchKey(scanner: Scanner): void {
  const { cursor } = scanner;
  if (scanner.keys.length === 1) {
    if (!scanner.keyAllowed) throw notAllowed(scanner, "mapping keys are");
    openIndent(scanner, cursor.column, -1, "block-mapping-start", markOf(cursor));
  }
  dropKey(scanner);
  scanner.keyAllowed = scanner.keys.length === 1;
  pushIndicator(scanner, "key");
}

export function fetchValue(scanner: Scanner): void {
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

export function fetchNode(scanner: Scanner, scan: () => Token): void {
  saveKey(scanner);
  scanner.keyAllowed = false;
  push(scanner, scan());
}

export function fetchPlain(scanner: Scanner): void {
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

export function fetchBlockScalar(scanner: Scanner, literal: boolean): void {
  dropKey(scanner);
  scanner.keyAllowed = true;
  push(scanner, scanBlockScalar(scanner.cursor, literal, scanner.indent));
}
