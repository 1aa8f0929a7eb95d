import { type Mark, syntaxError, type YamlError } from "./yaml-cursor.ts";
import { resolveScalar, shortTag } from "./yaml-resolve.ts";
import type { TokenSource } from "./yaml-scanner.ts";
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
  /** What an alias stands for. */
  readonly target: YamlNode | undefined;
}

/** A document that is being read. */
export interface Reader {
  readonly tokens: TokenSource;
  readonly anchors: Map<string, YamlNode>;
  readonly handles: Map<string, string>;
  depth: number;
}

/** True of a token of one of these types. */
export function is(token: Token, ...types: readonly TokenType[]): boolean {
  return types.includes(token.type);
}

/** A fault in the structure of the text. */
export function structure(message: string, context: Mark | undefined, token: Token): YamlError {
  return syntaxError("structure", message, context, token.start);
}

/** Reads `%YAML` and `%TAG` up to the document itself. */
export function readDirectives({ tokens: { peek, next }, handles }: Reader): void {
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

/** A null that nobody wrote. */
export function emptyNode(mark: Mark): YamlNode {
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
    target: undefined,
  };
}

/** A mention of a node that has an anchor. */
export function newAlias(mark: Mark, value: string, target: YamlNode): YamlNode {
  const [line, column] = [mark.line + 1, mark.column + 1];
  return { kind: "alias", tag: "", value, style: "plain", line, column, content: noContent, target };
}

/** A tag with its handle's prefix in front. */
export function expandTag({ handles }: Reader, tag: Token, start: Mark): string {
  if (tag.value === "") return tag.suffix ?? "";
  const prefix = handles.get(tag.value ?? "");
  const full = prefix === undefined ? "" : prefix + (tag.suffix ?? "");
  if (full === "") throw structure("found undefined tag handle", start, tag);
  return full;
}

/** A scalar, with its tag as go-yaml resolves it. */
export function scalarNode(start: Mark, fullTag: string, value: string, style: ScalarStyle): YamlNode {
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

/** A scalar without properties, as most are. */
export function plainScalar({ start, value = "", style = "plain" }: Token): YamlNode {
  return scalarNode(start, "", value, style);
}

/** A mapping or sequence, with the content that it will get. */
export function newCollection(
  start: Mark,
  kind: "mapping" | "sequence",
  fullTag: string,
  content: YamlNode[],
): YamlNode {
  const ownTag = kind === "mapping" ? "!!map" : "!!seq";
  const tag = fullTag === "" || fullTag === "!" ? ownTag : shortTag(fullTag);
  const [line, column] = [start.line + 1, start.column + 1];
  return { kind, tag, value: "", style: "plain", line, column, content, target: undefined };
}

/** Notes a node under its anchor, if it has one. */
export function register(reader: Reader, anchor: Token | undefined, node: YamlNode): YamlNode {
  if (anchor?.value !== undefined) reader.anchors.set(anchor.value, node);
  return node;
}
