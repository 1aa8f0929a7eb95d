import { type Cursor, type Mark, markOf, skip, syntaxError } from "./yaml-cursor.ts";
import type { Token, TokenType } from "./yaml-tokens.ts";

/** A place where a token may turn out to be a key, once a `:` follows on the same line. */
export interface PossibleKey {
  possible: boolean;
  required: boolean;
  tokenNumber: number;
  mark: Mark;
}

/** What is known between two tokens. */
export interface Scanner {
  readonly cursor: Cursor;
  tokens: Token[];
  head: number;
  taken: number;
  indent: number;
  readonly indents: number[];
  /** One for each open flow collection, and one for the block around them. */
  readonly keys: PossibleKey[];
  keyAllowed: boolean;
  /** Tokens that may still get a key token in front of them; none of them is handed out before that is known. */
  readonly waiting: Map<number, PossibleKey>;
}

const maxDepth = 10_000;
const maxKeyLength = 1024;

export function push(scanner: Scanner, token: Token, number = -1): void {
  const place = number - scanner.taken;
  if (number < 0 || place < 0) scanner.tokens.push(token);
  else scanner.tokens.splice(scanner.head + place, 0, token);
}

export function pushIndicator(scanner: Scanner, type: TokenType): void {
  const start = markOf(scanner.cursor);
  skip(scanner.cursor);
  push(scanner, { type, start, end: markOf(scanner.cursor) });
}

export function isValidKey(scanner: Scanner, key: PossibleKey): boolean {
  if (!key.possible) return false;
  const { cursor } = scanner;
  if (key.mark.line < cursor.line || key.mark.index + maxKeyLength < cursor.index) {
    if (key.required) throw missingColon(scanner, key);
    key.possible = false;
  }
  return key.possible;
}

function missingColon(scanner: Scanner, key: PossibleKey): Error {
  return syntaxError("characters", "could not find expected ':'", key.mark, markOf(scanner.cursor));
}

export function currentKey(scanner: Scanner): PossibleKey {
  return scanner.keys.at(-1) as PossibleKey;
}

export function dropKey(scanner: Scanner): void {
  const key = currentKey(scanner);
  if (key.possible && key.required) throw missingColon(scanner, key);
  if (key.possible) scanner.waiting.delete(key.tokenNumber);
  key.possible = false;
}

export function saveKey(scanner: Scanner): void {
  if (!scanner.keyAllowed) return;
  dropKey(scanner);
  const required = scanner.keys.length === 1 && scanner.indent === scanner.cursor.column;
  const tokenNumber = scanner.taken + scanner.tokens.length - scanner.head;
  const key = { possible: true, required, tokenNumber, mark: markOf(scanner.cursor) };
  scanner.keys[scanner.keys.length - 1] = key;
  scanner.waiting.set(tokenNumber, key);
}

export function openIndent(
  scanner: Scanner,
  column: number,
  number: number,
  type: TokenType,
  mark: Mark,
): void {
  if (scanner.keys.length > 1 || scanner.indent >= column) return;
  scanner.indents.push(scanner.indent);
  scanner.indent = column;
  checkDepth(scanner, scanner.indents.length);
  push(scanner, { type, start: mark, end: mark }, number);
}

/** Refuses to go deeper than ten thousand levels. */
export function checkDepth(scanner: Scanner, depth: number): void {
  if (depth <= maxDepth) return;
  const message = `exceeded max depth of ${maxDepth}`;
  throw syntaxError("characters", message, currentKey(scanner).mark, markOf(scanner.cursor));
}

export function closeIndents(scanner: Scanner, column: number, mark: Mark): void {
  if (scanner.keys.length > 1) return;
  while (scanner.indent > column) {
    push(scanner, { type: "block-end", start: mark, end: mark });
    scanner.indent = scanner.indents.pop() ?? -1;
  }
}
