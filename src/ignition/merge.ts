import { keyOf, sharesKeys, type KeyGroup, keyGroup } from "./keys.ts";
import type { Field, TypeSet } from "./type-table.ts";
import { below, isZeroStruct, type Path, type Struct, type Value } from "./value.ts";

/** One line of the record of a merge: where a part of the result came from. */
export interface MergeEntry {
  readonly origin: "parent" | "child";
  readonly from: Path;
  readonly to: Path;
}

export interface Merged {
  readonly result: Struct;
  /**
   * Children before parents; a part that both contributed to has an entry for each, the parent's first. Found out only
   * for those who ask: it is more work than the merge.
   */
  readonly entries: () => readonly MergeEntry[];
}

/**
 * Merges two configs as Ignition's spec says: the child's scalars win, structs merge, lists merge by key,
 * lists that may hold duplicates are joined. https://coreos.github.io/ignition/operator-notes/#config-merging
 */
export function mergeConfigs(type: string, parent: Struct, child: Struct, types: TypeSet): Merged {
  const merge = (entries: MergeEntry[] | undefined): Struct =>
    mergeStruct({ types, entries }, type, { value: parent, path: [] }, { value: child, path: [] }, []);
  return {
    result: merge(undefined),
    entries: () => {
      const entries: MergeEntry[] = [];
      merge(entries);
      return entries;
    },
  };
}

interface Merge {
  readonly types: TypeSet;
  /** Undefined when nobody wants to know. */
  readonly entries: MergeEntry[] | undefined;
}

interface Side<T> {
  readonly value: T;
  readonly path: Path;
}

// Nobody looks at the paths of a merge that is not recorded.
function step(merge: Merge, path: Path, name: string | number): Path {
  return merge.entries === undefined ? path : below(path, name);
}

function mergeStruct(
  merge: Merge,
  type: string,
  parent: Side<Struct>,
  child: Side<Struct>,
  to: Path,
): Struct {
  const result: Struct = {};
  const index = indexChild(type, child.value, merge.types);
  for (const field of merge.types.struct(type) ?? []) {
    const name = field.name;
    const own = { value: parent.value[name], path: step(merge, parent.path, name) };
    const other = { value: child.value[name], path: step(merge, child.path, name) };
    result[name] = field.list
      ? mergeList(
          merge,
          type,
          field,
          own as Side<Value[] | undefined>,
          other as Side<Value[] | undefined>,
          step(merge, to, name),
          index,
        )
      : mergeField(merge, field, own, other, step(merge, to, name));
  }
  return result;
}

function mergeField(merge: Merge, field: Field, parent: Side<Value>, child: Side<Value>, to: Path): Value {
  const isStruct = merge.types.struct(field.type) !== undefined;
  if (!isStruct) return take(field.pointer && child.value === undefined ? "parent" : "child");
  const ownStruct = parent.value as Struct | undefined;
  const otherStruct = child.value as Struct | undefined;
  const isNothing = (value: Struct | undefined): boolean =>
    value === undefined || (!field.pointer && isZeroStruct(field.type, value, merge.types));
  if (isNothing(otherStruct)) return take("parent");
  if (isNothing(ownStruct)) return take("child");
  const sides = [parent as Side<Struct>, child as Side<Struct>] as const;
  const result = mergeStruct(merge, field.type, ...sides, to);
  merge.entries?.push({ origin: "parent", from: parent.path, to }, { origin: "child", from: child.path, to });
  return result;

  function take(origin: "parent" | "child"): Value {
    const side = origin === "parent" ? parent : child;
    transcribe(merge, origin, field, side, to);
    return side.value;
  }
}

/** Records all that is set below a part that was taken whole. Returns whether anything was. */
function transcribe(
  merge: Merge,
  origin: "parent" | "child",
  field: Field,
  { value, path }: Side<Value>,
  to: Path,
): boolean {
  if (value === undefined || merge.entries === undefined) return false;
  let any = false;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const side = { value: item, path: step(merge, path, index) };
      any =
        transcribe(merge, origin, { ...field, list: false, pointer: false }, side, step(merge, to, index)) ||
        any;
    }
  } else if (typeof value === "object") {
    for (const inner of merge.types.struct(field.type) ?? []) {
      const side = { value: value[inner.name], path: step(merge, path, inner.name) };
      any = transcribe(merge, origin, inner, side, step(merge, to, inner.name)) || any;
    }
  } else any = field.pointer || !(value === "" || value === 0n || value === false);
  if (any) merge.entries?.push({ origin, from: path, to });
  return any;
}

interface ChildItem {
  readonly list: string;
  readonly index: number;
  readonly item: Value;
}

type ChildIndex = ReadonlyMap<string, ChildItem>;

const indexKey = (group: KeyGroup, key: string): string => `${group}\0${key}`;

function indexChild(type: string, child: Struct, types: TypeSet): ChildIndex {
  const index = new Map<string, ChildItem>();
  for (const field of types.struct(type) ?? []) {
    const value = child[field.name];
    if (!Array.isArray(value) || !sharesKeys(type, field.name)) continue;
    for (const [position, item] of value.entries()) {
      const key = indexKey(keyGroup(type, field.name), keyOf(field.type, item));
      index.set(key, { list: field.name, index: position, item });
    }
  }
  return index;
}

function mergeList(
  merge: Merge,
  type: string,
  field: Field,
  parent: Side<Value[] | undefined>,
  child: Side<Value[] | undefined>,
  to: Path,
  index: ChildIndex,
): Value[] | undefined {
  const own = parent.value ?? [];
  const others = child.value ?? [];
  if (own.length + others.length === 0) return undefined;
  const result: Value[] = [];
  const item = { ...field, list: false };
  const append = (origin: "parent" | "child", side: Side<Value>): void => {
    transcribe(merge, origin, item, side, step(merge, to, result.length));
    result.push(side.value);
  };
  const keyed = sharesKeys(type, field.name);
  let fromParent = !keyed && own.length > 0;
  let fromChild = !keyed && others.length > 0;
  const parentKeys = new Set(keyed ? own.map((value) => keyOf(field.type, value)) : []);
  for (const [position, value] of own.entries()) {
    const side = { value, path: step(merge, parent.path, position) };
    const match = keyed
      ? index.get(indexKey(keyGroup(type, field.name), keyOf(field.type, value)))
      : undefined;
    if (match === undefined) {
      append("parent", side);
      fromParent = true;
    } else if (match.list === field.name) {
      fromParent = true;
      fromChild = true;
      mergeItem(side, { value: match.item, path: step(merge, child.path, match.index) });
    }
  }
  for (const [position, value] of others.entries()) {
    if (keyed && parentKeys.has(keyOf(field.type, value))) continue;
    append("child", { value, path: step(merge, child.path, position) });
    fromChild = true;
  }
  if (fromParent) merge.entries?.push({ origin: "parent", from: parent.path, to });
  if (fromChild) merge.entries?.push({ origin: "child", from: child.path, to });
  return result;

  function mergeItem(ownSide: Side<Value>, otherSide: Side<Value>): void {
    if (typeof otherSide.value !== "object") return append("child", otherSide);
    // A header without a value takes the parent's header away.
    if (field.type === "HTTPHeader" && (otherSide.value as Struct)["value"] === undefined) return;
    const itemTo = step(merge, to, result.length);
    const sides = [ownSide as Side<Struct>, otherSide as Side<Struct>] as const;
    result.push(mergeStruct(merge, field.type, ...sides, itemTo));
    merge.entries?.push({ origin: "parent", from: ownSide.path, to: itemTo });
    merge.entries?.push({ origin: "child", from: otherSide.path, to: itemTo });
  }
}
