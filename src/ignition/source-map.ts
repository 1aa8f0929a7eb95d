import type { Position } from "../core/report.ts";
import type { Problem } from "./problem.ts";
import type { Shape, TypeSet } from "./type-table.ts";
import { type Path, pathText, type Struct, type Value } from "./value.ts";

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
  readonly root: SourceNode;
  /** The node at a path; undefined when the text has none there. Aliases are not followed. */
  readonly find: (path: Path) => SourceNode | undefined;
  /** What stands one step below a node; undefined when nothing does. Aliases are not followed. */
  readonly step: (node: SourceNode, part: string | number) => SourceNode | undefined;
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
  const deepest = (path: Path): SourceNode => {
    let node = root;
    for (const part of path) {
      const next = step(node, part);
      if (next === undefined) break;
      node = next;
    }
    return node;
  };
  const place = ({ line, column }: SourceNode): Position => ({ line, column });
  return {
    root,
    find: (path) => path.reduce<SourceNode | undefined>((node, part) => node && step(node, part), root),
    step,
    positionOf: (path) => place(deepest(path)),
    positionOfKey: (path) => {
      const parent = deepest(path.slice(0, -1));
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

/** Keys that the config has no use for, and the paths among theirs that mean the key and not its value. */
export interface UnusedKeys {
  readonly problems: readonly Problem[];
  readonly keys: ReadonlySet<Path>;
}

/** Warns of keys that the config has no use for. Config and text are walked side by side. */
export function findUnusedKeys(config: Struct, types: TypeSet, source: SourceMap): UnusedKeys {
  const search = { types, source, problems: [], keys: new Set<Path>(), path: [] };
  searchStruct(search, "Config", config, source.root);
  return search;
}

interface Search {
  readonly types: TypeSet;
  readonly source: SourceMap;
  readonly problems: Problem[];
  readonly keys: Set<Path>;
  readonly path: (string | number)[];
}

function searchStruct(search: Search, type: string, struct: Struct, node: SourceNode): void {
  const { types, source, problems, path } = search;
  const shape = types.shape(type);
  if (shape === undefined) return;
  if (node.kind !== "mapping") {
    const message = `context tree does not match content tree at ${pathText(path)}. Line and column reporting may be inconsistent. Unused keys may not be reported`;
    problems.push({ severity: "warning", path: [...path], message });
    // Of a list that stands for a struct no item has a name, and of a scalar nothing has.
    return;
  }
  warnOfKeys(search, shape, node);
  for (const field of shape.containers) {
    const value = struct[field.name];
    const inner = typeof value === "object" ? source.step(node, field.name) : undefined;
    if (inner === undefined) continue;
    path.push(field.name);
    if (Array.isArray(value)) searchList(search, field.type, value, inner);
    else searchStruct(search, field.type, value as Struct, inner);
    path.pop();
  }
}

function searchList(search: Search, type: string, items: readonly Value[], node: SourceNode): void {
  const { types, source, path } = search;
  if (types.shape(type) === undefined) return;
  for (const [index, item] of items.entries()) {
    const inner = typeof item === "object" ? source.step(node, index) : undefined;
    if (inner === undefined) continue;
    path.push(index);
    searchStruct(search, type, item as Struct, inner);
    path.pop();
  }
}

function warnOfKeys({ problems, keys, path }: Search, { byName }: Shape, { content }: SourceNode): void {
  let unused: Set<string> | undefined;
  for (let i = 0; i < content.length; i += 2) {
    const key = (content[i] as SourceNode).value;
    if (byName.has(key) || unused?.has(key) === true) continue;
    (unused ??= new Set()).add(key);
    const at = [...path, key];
    keys.add(at);
    problems.push({ severity: "warning", path: at, message: `unused key ${key}` });
  }
}
