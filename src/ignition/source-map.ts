import type { Position } from "../core/report.ts";
import type { Findings } from "./problem.ts";
import type { TypeSet } from "./type-table.ts";
import { below, type Path, pathText, type Struct } from "./value.ts";
import { walkConfig } from "./walk.ts";

/** A part of a YAML or JSON text, with its place. */
export interface SourceNode {
  readonly kind: "scalar" | "mapping" | "sequence" | "alias";
  readonly value: string;
  readonly line: number;
  readonly column: number;
  /** Items of a sequence; keys and values of a mapping, in turn. */
  readonly content: readonly SourceNode[];
}

/** Where things stand in the source. */
export interface SourceMap {
  /** The node at a path; undefined when the text has none there. Aliases are not followed. */
  readonly find: (path: Path) => SourceNode | undefined;
  /** The place of a value, or of its nearest ancestor that is in the text. */
  readonly positionOf: (path: Path) => Position;
  /** The place of a key. */
  readonly positionOfKey: (path: Path) => Position;
}

/** Mappings of this many keys are searched without an index. */
const fewKeys = 16;

export function mapSource(root: SourceNode): SourceMap {
  const known = new Map<SourceNode, ReadonlyMap<string, Entry>>();
  const entry = (node: SourceNode, name: string): Entry | undefined => {
    if (node.content.length <= 2 * fewKeys) return findEntry(node, name);
    const found = known.get(node) ?? readEntries(node);
    known.set(node, found);
    return found.get(name);
  };
  const step = (node: SourceNode, part: string | number): SourceNode | undefined => {
    if (node.kind === "mapping") return typeof part === "string" ? entry(node, part)?.value : undefined;
    return node.kind === "sequence" && typeof part === "number" ? node.content[part] : undefined;
  };
  const deepest = (path: Path): { readonly node: SourceNode; readonly depth: number } => {
    let node = root;
    let depth = 0;
    for (const part of path) {
      const next = step(node, part);
      if (next === undefined) break;
      node = next;
      depth++;
    }
    return { node, depth };
  };
  const place = ({ line, column }: SourceNode): Position => ({ line, column });
  return {
    find: (path) => {
      const { node, depth } = deepest(path);
      return depth === path.length ? node : undefined;
    },
    positionOf: (path) => place(deepest(path).node),
    positionOfKey: (path) => {
      const parent = deepest(path.slice(0, -1)).node;
      const key = parent.kind === "mapping" ? entry(parent, String(path.at(-1)))?.key : undefined;
      return place(key ?? parent);
    },
  };
}

interface Entry {
  readonly key: SourceNode;
  readonly value: SourceNode;
}

// The last one wins, as in the index.
function findEntry({ content }: SourceNode, name: string): Entry | undefined {
  for (let i = content.length - 2; i >= 0; i -= 2) {
    const key = content[i] as SourceNode;
    if (key.value === name) return { key, value: content[i + 1] as SourceNode };
  }
  return undefined;
}

function readEntries(node: SourceNode): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let i = 0; i + 1 < node.content.length; i += 2) {
    const key = node.content[i] as SourceNode;
    entries.set(key.value, { key, value: node.content[i + 1] as SourceNode });
  }
  return entries;
}

/** Warns of keys that the config has no use for. `onKey` is told of each, since such a path means the key, not its value. */
export function findUnusedKeys(
  config: Struct,
  types: TypeSet,
  source: SourceMap,
  find: Findings,
  onKey: (path: Path) => void,
): void {
  walkConfig("Config", config, types, (type, value, path) => {
    const fields = typeof value === "object" ? types.struct(type) : undefined;
    const node = fields === undefined ? undefined : source.find(path);
    if (fields === undefined || node === undefined) return;
    if (node.kind !== "mapping") {
      find.warn(
        path,
        `context tree does not match content tree at ${pathText(path)}. Line and column reporting may be inconsistent. Unused keys may not be reported`,
      );
      return;
    }
    const unused = new Set<string>();
    for (let i = 0; i < node.content.length; i += 2) {
      const key = (node.content[i] as SourceNode).value;
      if (!fields.some((field) => field.name === key)) unused.add(key);
    }
    for (const key of unused) {
      const keyPath = below(path, key);
      onKey(keyPath);
      find.warn(keyPath, `unused key ${key}`);
    }
  });
}
