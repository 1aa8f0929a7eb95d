import { YamlError } from "./yaml-cursor.ts";
import { decodeYamlInput } from "./yaml-input.ts";
import {
  emptyNode,
  expandTag,
  is,
  newAlias,
  newCollection,
  plainScalar,
  readDirectives,
  type Reader,
  register,
  scalarNode,
  structure,
  type YamlNode,
} from "./yaml-node-parts.ts";
import { scanTokens } from "./yaml-scanner.ts";
import type { Token, TokenType } from "./yaml-tokens.ts";

/** Deeper than any config, and shallow enough for the stack. */
const maxNesting = 1000;

/** Reads the first document; undefined when there is none. What follows it is not looked at. */
export function readYamlNodes(bytes: Uint8Array): YamlNode | undefined {
  const reader: Reader = {
    tokens: scanTokens(decodeYamlInput(bytes.length === 0 ? Uint8Array.of(0x0a) : bytes)),
    anchors: new Map(),
    handles: new Map(),
    depth: 0,
  };
  const { peek, next } = reader.tokens;
  next();
  if (peek().type === "stream-end") return undefined;
  const implicit = !["version-directive", "tag-directive", "document-start"].includes(peek().type);
  readDirectives(reader);
  if (!implicit) {
    if (peek().type !== "document-start")
      throw structure("did not find expected <document start>", undefined, peek());
    next();
    if (is(peek(), "version-directive", "tag-directive", "document-start", "document-end", "stream-end")) {
      return emptyNode(peek().start);
    }
  }
  const node = readNode(reader, true, false);
  // The end of the document is asked for, so a fault right behind it is seen.
  peek();
  return node;
}

function readNode(reader: Reader, block: boolean, indentless: boolean): YamlNode {
  const { peek, next } = reader.tokens;
  const first = peek();
  if (first.type === "alias") return readAlias(reader, next());
  const start = first.start;
  // Most nodes are scalars without properties.
  if (first.type === "scalar") return plainScalar(next());
  let anchor: Token | undefined;
  let tag: Token | undefined;
  if (peek().type === "anchor") anchor = next();
  if (peek().type === "tag") tag = next();
  if (anchor === undefined && tag !== undefined && peek().type === "anchor") anchor = next();
  const fullTag = tag === undefined ? "" : expandTag(reader, tag, start);
  const token = peek();
  if (token.type === "scalar") {
    next();
    return register(reader, anchor, scalarNode(start, fullTag, token.value ?? "", token.style ?? "plain"));
  }
  const read = findCollection(token, block, indentless);
  if (read !== undefined) {
    const content: YamlNode[] = [];
    const node = register(reader, anchor, newCollection(start, read.kind, fullTag, content));
    if (++reader.depth > maxNesting)
      throw new YamlError(`exceeded max depth of ${maxNesting}`, start.line + 1);
    read.into(reader, content);
    reader.depth--;
    return node;
  }
  if (anchor !== undefined || fullTag !== "")
    return register(reader, anchor, scalarNode(start, fullTag, "", "plain"));
  throw structure("did not find expected node content", start, token);
}

interface Collection {
  readonly kind: "mapping" | "sequence";
  readonly into: (reader: Reader, content: YamlNode[]) => void;
}

const indentlessSequence: Collection = { kind: "sequence", into: readIndentlessSequence };
const flowCollections: Partial<Record<TokenType, Collection>> = {
  "flow-mapping-start": { kind: "mapping", into: readFlowMapping },
  "flow-sequence-start": { kind: "sequence", into: readFlowSequence },
};
const blockCollections: Partial<Record<TokenType, Collection>> = {
  "block-mapping-start": { kind: "mapping", into: readBlockMapping },
  "block-sequence-start": { kind: "sequence", into: readBlockSequence },
};

function findCollection({ type }: Token, block: boolean, indentless: boolean): Collection | undefined {
  if (indentless && type === "block-entry") return indentlessSequence;
  return flowCollections[type] ?? (block ? blockCollections[type] : undefined);
}

function readAlias(reader: Reader, token: Token): YamlNode {
  const value = token.value ?? "";
  const target = reader.anchors.get(value);
  if (target === undefined) throw new YamlError(`unknown anchor '${value}' referenced`);
  return newAlias(token.start, value, target);
}

function readBlockSequence(reader: Reader, content: YamlNode[]): void {
  const { peek, next } = reader.tokens;
  const { start } = next();
  while (peek().type === "block-entry") {
    const { end } = next();
    content.push(is(peek(), "block-entry", "block-end") ? emptyNode(end) : readNode(reader, true, false));
  }
  if (peek().type !== "block-end") throw structure("did not find expected '-' indicator", start, peek());
  next();
}

function readIndentlessSequence(reader: Reader, content: YamlNode[]): void {
  const { peek, next } = reader.tokens;
  while (peek().type === "block-entry") {
    const { end } = next();
    const empty = is(peek(), "block-entry", "key", "value", "block-end");
    content.push(empty ? emptyNode(end) : readNode(reader, true, false));
  }
}

function readBlockMapping(reader: Reader, content: YamlNode[]): void {
  const { peek, next } = reader.tokens;
  const { start } = next();
  while (peek().type === "key") {
    const key = next();
    content.push(is(peek(), "key", "value", "block-end") ? emptyNode(key.end) : readNode(reader, true, true));
    if (peek().type === "value") {
      const value = next();
      content.push(
        is(peek(), "key", "value", "block-end") ? emptyNode(value.end) : readNode(reader, true, true),
      );
    } else content.push(emptyNode(peek().start));
  }
  if (peek().type !== "block-end") throw structure("did not find expected key", start, peek());
  next();
}

function readFlowSequence(reader: Reader, content: YamlNode[]): void {
  const { peek, next } = reader.tokens;
  const { start } = next();
  for (let first = true; peek().type !== "flow-sequence-end"; first = false) {
    if (!first) {
      if (peek().type !== "flow-entry") throw structure("did not find expected ',' or ']'", start, peek());
      next();
      if (peek().type === "flow-sequence-end") break;
    }
    content.push(peek().type === "key" ? readSinglePair(reader) : readNode(reader, false, false));
  }
  next();
}

/** `[key: value]` is a list of one mapping. */
function readSinglePair(reader: Reader): YamlNode {
  const { peek, next } = reader.tokens;
  const { start } = next();
  const content: YamlNode[] = [];
  if (is(peek(), "value", "flow-entry", "flow-sequence-end")) content.push(emptyNode(next().end));
  else content.push(readNode(reader, false, false));
  if (peek().type === "value") {
    const value = next();
    const empty = is(peek(), "flow-entry", "flow-sequence-end");
    content.push(empty ? emptyNode(value.start) : readNode(reader, false, false));
  } else content.push(emptyNode(peek().start));
  return newCollection(start, "mapping", "", content);
}

function readFlowMapping(reader: Reader, content: YamlNode[]): void {
  const { peek, next } = reader.tokens;
  const { start } = next();
  for (let first = true; peek().type !== "flow-mapping-end"; first = false) {
    if (!first) {
      if (peek().type !== "flow-entry") throw structure("did not find expected ',' or '}'", start, peek());
      next();
      if (peek().type === "flow-mapping-end") break;
    }
    if (peek().type !== "key") {
      content.push(readNode(reader, false, false), emptyNode(peek().start));
      continue;
    }
    next();
    const empty = is(peek(), "value", "flow-entry", "flow-mapping-end");
    content.push(empty ? emptyNode(peek().start) : readNode(reader, false, false));
    if (peek().type === "value") {
      next();
      const missing = is(peek(), "flow-entry", "flow-mapping-end");
      content.push(missing ? emptyNode(peek().start) : readNode(reader, false, false));
    } else content.push(emptyNode(peek().start));
  }
  next();
}
