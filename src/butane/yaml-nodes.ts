import { type Mark, syntaxError, YamlError } from "./yaml-cursor.ts";
import { decodeYamlInput } from "./yaml-input.ts";
import { resolveScalar, shortTag } from "./yaml-resolve.ts";
import { scanTokens, type TokenSource } from "./yaml-scanner.ts";
import type { ScalarStyle, Token, TokenType } from "./yaml-tokens.ts";

/** A node of the document tree, as go-yaml has it. Lines and columns start at 1. */
export interface YamlNode {
  readonly kind: "scalar" | "mapping" | "sequence" | "alias";
  /** Short tag, resolved: `!!int`, `!!str`, `!custom`; empty for an alias. */
  readonly tag: string;
  /** Text of a scalar, name of an alias. */
  readonly value: string;
  readonly style: ScalarStyle;
  readonly line: number;
  readonly column: number;
  /** Items of a sequence; keys and values of a mapping, in turn. */
  readonly content: readonly YamlNode[];
  readonly target?: YamlNode;
}

interface Reader {
  readonly tokens: TokenSource;
  readonly anchors: Map<string, YamlNode>;
  readonly handles: Map<string, string>;
  depth: number;
}

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

function is(token: Token, ...types: readonly TokenType[]): boolean {
  return types.includes(token.type);
}

function structure(message: string, context: Mark | undefined, token: Token): YamlError {
  return syntaxError("structure", message, context, token.start);
}

function readDirectives({ tokens: { peek, next }, handles }: Reader): void {
  let versionSeen = false;
  for (; is(peek(), "version-directive", "tag-directive"); next()) {
    const token = peek();
    if (token.type === "version-directive") {
      if (versionSeen) throw structure("found duplicate %YAML directive", undefined, token);
      if (token.value !== "1.1") throw structure("found incompatible YAML document", undefined, token);
      versionSeen = true;
    } else {
      if (handles.has(token.value ?? "")) throw structure("found duplicate %TAG directive", undefined, token);
      handles.set(token.value ?? "", token.suffix ?? "");
    }
  }
  if (!handles.has("!")) handles.set("!", "!");
  if (!handles.has("!!")) handles.set("!!", "tag:yaml.org,2002:");
}

// Big files have many scalars: they share one empty list, and no helper objects are made for them.
const noContent: readonly YamlNode[] = [];

function emptyNode(mark: Mark): YamlNode {
  return newScalar(mark, "!!null", "", "plain");
}

function newScalar(mark: Mark, tag: string, value: string, style: ScalarStyle): YamlNode {
  return {
    kind: "scalar",
    tag,
    value,
    style,
    line: mark.line + 1,
    column: mark.column + 1,
    content: noContent,
  };
}

function at(mark: Mark): { readonly line: number; readonly column: number } {
  return { line: mark.line + 1, column: mark.column + 1 };
}

function readNode(reader: Reader, block: boolean, indentless: boolean): YamlNode {
  const { peek, next } = reader.tokens;
  if (peek().type === "alias") return readAlias(reader, next());
  const start = peek().start;
  let anchor: Token | undefined;
  let tag: Token | undefined;
  if (peek().type === "anchor") anchor = next();
  if (peek().type === "tag") tag = next();
  if (anchor === undefined && tag !== undefined && peek().type === "anchor") anchor = next();
  const fullTag = tag === undefined ? "" : expandTag(reader, tag, start);
  const token = peek();
  const register = <T extends YamlNode>(node: T): T => {
    if (anchor?.value !== undefined) reader.anchors.set(anchor.value, node);
    return node;
  };
  const collection = (kind: "mapping" | "sequence", read: (content: YamlNode[]) => void): YamlNode => {
    const content: YamlNode[] = [];
    const ownTag =
      fullTag === "" || fullTag === "!" ? (kind === "mapping" ? "!!map" : "!!seq") : shortTag(fullTag);
    const node = register({ ...at(start), kind, tag: ownTag, value: "", style: "plain" as const, content });
    if (++reader.depth > maxNesting)
      throw new YamlError(`exceeded max depth of ${maxNesting}`, start.line + 1);
    read(content);
    reader.depth--;
    return node;
  };
  if (indentless && token.type === "block-entry") {
    return collection("sequence", (content) => readIndentlessSequence(reader, content));
  }
  switch (token.type) {
    case "scalar":
      next();
      return register(scalarNode(start, fullTag, token.value ?? "", token.style ?? "plain"));
    case "flow-sequence-start":
      return collection("sequence", (content) => readFlowSequence(reader, content));
    case "flow-mapping-start":
      return collection("mapping", (content) => readFlowMapping(reader, content));
    case "block-sequence-start":
      if (block) return collection("sequence", (content) => readBlockSequence(reader, content));
      break;
    case "block-mapping-start":
      if (block) return collection("mapping", (content) => readBlockMapping(reader, content));
      break;
    default:
  }
  if (anchor !== undefined || fullTag !== "") return register(scalarNode(start, fullTag, "", "plain"));
  throw structure("did not find expected node content", start, token);
}

function readAlias(reader: Reader, token: Token): YamlNode {
  const value = token.value ?? "";
  const target = reader.anchors.get(value);
  if (target === undefined) throw new YamlError(`unknown anchor '${value}' referenced`);
  return { ...at(token.start), kind: "alias", tag: "", value, style: "plain", content: [], target };
}

function expandTag({ handles }: Reader, tag: Token, start: Mark): string {
  if (tag.value === "") return tag.suffix ?? "";
  const prefix = handles.get(tag.value ?? "");
  const full = prefix === undefined ? "" : prefix + (tag.suffix ?? "");
  if (full === "") throw structure("found undefined tag handle", start, tag);
  return full;
}

function scalarNode(start: Mark, fullTag: string, value: string, style: ScalarStyle): YamlNode {
  const ownTag =
    fullTag !== "" && fullTag !== "!"
      ? shortTag(fullTag)
      : style !== "plain"
        ? "!!str"
        : value === "<<"
          ? "!!merge"
          : resolveScalar("", value).tag;
  return newScalar(start, ownTag, value, style);
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
  return { ...at(start), kind: "mapping", tag: "!!map", value: "", style: "plain", content };
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
