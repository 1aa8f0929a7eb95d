import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { Diagnostic, Position } from "./report.ts";

/** Path of a value in a document: keys and list indexes from the top. */
export type ValuePath = readonly PropertyKey[];

export interface YamlDocument {
  /** The plain value, or undefined when the text could not be read. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the value at a path stands; for a path that does not exist, its nearest ancestor. */
  readonly positionOf: (path: ValuePath) => Position | undefined;
  /** Where the key of the last part of a path stands. */
  readonly positionOfKey: (path: ValuePath) => Position | undefined;
}

const maxAliases = 100;

function keyAt(source: string, offset: number): string {
  return /^[^:\n]*/u.exec(source.slice(offset))?.[0].trim() ?? "";
}

/** Reads one YAML 1.2 document that a person wrote. Syntax errors and duplicate keys come back as diagnostics. */
export function readYaml(source: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const diagnostics: Diagnostic[] = [...document.errors, ...document.warnings].map((problem) => ({
    severity: problem.name === "YAMLWarning" ? "warning" : "error",
    message:
      problem.code === "DUPLICATE_KEY"
        ? `'${keyAt(source, problem.pos[0])}' is there twice; one of them would be lost`
        : (problem.message.split("\n")[0] ?? problem.message),
    position: position(problem.pos[0]),
  }));
  let value: unknown;
  try {
    if (document.errors.length === 0) value = document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    diagnostics.push({ severity: "error", message, position: { line: 1, column: 1 } });
  }
  const startOf = (node: unknown): Position | undefined => {
    const range = isNode(node) ? node.range : undefined;
    return range === undefined || range === null ? undefined : position(range[0]);
  };
  return {
    value,
    diagnostics,
    positionOf: (path) => startOf(nearest(document.contents, path).node) ?? startOf(document.contents),
    positionOfKey: (path) => {
      const { pair, node } = nearest(document.contents, path);
      return startOf(pair?.key) ?? startOf(node);
    },
  };
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value);
}

function nearest(root: unknown, path: ValuePath): { readonly node: unknown; readonly pair?: Pair } {
  let node = root;
  let pair: Pair | undefined;
  for (const part of path) {
    let next: unknown;
    let nextPair: Pair | undefined;
    if (isMap(node)) {
      nextPair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part);
      next = nextPair?.value ?? nextPair?.key;
    } else if (isSeq(node) && typeof part === "number") {
      next = node.items[part];
    }
    if (next === undefined || next === null) break;
    node = next;
    pair = nextPair ?? pair;
  }
  return pair === undefined ? { node } : { node, pair };
}
