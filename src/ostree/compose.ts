import { compareNames, type ObjectChecksum } from "./object.ts";
import type { LayerEntry } from "./layer-entry.ts";

/** The tree that an image means, while it is composed and after. */
export interface ImageDirectory {
  readonly kind: "directory";
  /** Undefined for a directory that no layer has an entry for. */
  meta: ObjectChecksum | undefined;
  readonly children: Map<string, ImageNode>;
}

export type ImageNode =
  | ImageDirectory
  | { readonly kind: "file"; readonly checksum: ObjectChecksum }
  | { readonly kind: "symlink"; readonly checksum: ObjectChecksum }
  | { readonly kind: "dropped" };

/** A path of a layer that breaks the rules; the caller knows which layer it was. */
export class CompositionError extends Error {
  override readonly name = "CompositionError";
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

export function emptyTree(): ImageDirectory {
  return { kind: "directory", meta: undefined, children: new Map() };
}

/**
 * Applies one layer to the tree of the layers below it, in place. Its deletions apply to lower layers only, wherever
 * in the archive they stand; of several entries for one path the last one counts. Nothing is ever followed: an entry
 * below a symlink is refused, whether the link is of this layer or a lower one.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 */
export function applyLayer(root: ImageDirectory, entries: readonly LayerEntry[]): void {
  const own = ownDirectories(entries);
  // Judged before anything is gone, so that the order of a layer's deletions does not matter.
  for (const entry of entries) {
    if (entry.kind === "whiteout") findLower(root, split(entry.path).slice(0, -1), own, entry.path);
    else if (entry.kind === "opaque") findLower(root, split(entry.path), own, entry.path);
  }
  for (const entry of entries) {
    if (entry.kind === "whiteout") removeLower(root, entry.path, own);
    else if (entry.kind === "opaque") clearLower(root, entry.path, own);
  }
  for (const entry of entries) addEntry(root, entry, "refuse");
}

/** The tree of one layer by itself: deletions are the files that mark them, hard links into lower layers are left out. */
export function layerTree(entries: readonly LayerEntry[]): ImageDirectory {
  const root = emptyTree();
  for (const entry of entries) {
    const mark = asMark(entry);
    if (mark === entry || findDirectory(root, split(mark.path).slice(0, -1)) !== "blocked")
      addEntry(root, mark, "leave-out");
  }
  return root;
}

function asMark(entry: LayerEntry): LayerEntry {
  if (entry.kind !== "whiteout" && entry.kind !== "opaque") return entry;
  const parts = split(entry.path);
  const mark =
    entry.kind === "opaque" ? [...parts, ".wh..wh..opq"] : [...parts.slice(0, -1), `.wh.${parts.at(-1)}`];
  return { kind: "file", path: mark.join("/"), checksum: entry.checksum };
}

/** A mark has no place in a tree where the layer itself has a file or link on the way to it. */
function findDirectory(root: ImageDirectory, parts: readonly string[]): "free" | "blocked" {
  let here = root;
  for (const part of parts) {
    const child = here.children.get(part);
    if (child === undefined) return "free";
    if (child.kind !== "directory") return "blocked";
    here = child;
  }
  return "free";
}

/** Paths at which the layer itself has a directory or deletes, so that a link of a lower layer there is gone. */
function ownDirectories(entries: readonly LayerEntry[]): ReadonlySet<string> {
  const replaces = ({ kind }: LayerEntry): boolean => kind === "directory" || kind === "whiteout";
  return new Set(entries.filter(replaces).map(({ path }) => path));
}

/** Finds a directory of lower layers for a deletion; undefined when there is nothing to delete in. */
function findLower(
  root: ImageDirectory,
  parts: readonly string[],
  own: ReadonlySet<string>,
  path: string,
): ImageDirectory | undefined {
  let here = root;
  for (const [index, part] of parts.entries()) {
    const child = here.children.get(part);
    if (child?.kind === "symlink" && !own.has(parts.slice(0, index + 1).join("/"))) {
      throw new CompositionError(path, "it deletes through a symlink of a lower layer");
    }
    if (child?.kind !== "directory") return undefined;
    here = child;
  }
  return here;
}

function removeLower(root: ImageDirectory, path: string, own: ReadonlySet<string>): void {
  const parts = split(path);
  findLower(root, parts.slice(0, -1), own, path)?.children.delete(parts.at(-1) ?? "");
}

function clearLower(root: ImageDirectory, path: string, own: ReadonlySet<string>): void {
  findLower(root, split(path), own, path)?.children.clear();
}

function addEntry(root: ImageDirectory, entry: LayerEntry, missingLinks: "refuse" | "leave-out"): void {
  if (entry.kind === "whiteout" || entry.kind === "opaque") return;
  const parts = split(entry.path);
  const name = parts.at(-1);
  if (name === undefined) {
    if (entry.kind !== "directory") throw new CompositionError("/", "the root is not a directory");
    root.meta = entry.meta;
    return;
  }
  const parent = makeParents(root, parts.slice(0, -1), entry.path);
  if (entry.kind === "directory") {
    const there = parent.children.get(name);
    if (there?.kind === "directory") there.meta = entry.meta;
    else parent.children.set(name, { kind: "directory", meta: entry.meta, children: new Map() });
    return;
  }
  const node = entry.kind === "hardlink" ? findLinked(root, entry, missingLinks) : leafOf(entry);
  if (node !== undefined) parent.children.set(name, node);
}

function leafOf(entry: Extract<LayerEntry, { kind: "file" | "symlink" | "dropped" }>): ImageNode {
  return entry.kind === "dropped" ? { kind: "dropped" } : { kind: entry.kind, checksum: entry.checksum };
}

function makeParents(root: ImageDirectory, parts: readonly string[], path: string): ImageDirectory {
  let here = root;
  for (const part of parts) {
    let child = here.children.get(part);
    if (child === undefined) {
      child = emptyTree();
      here.children.set(part, child);
    }
    if (child.kind === "symlink")
      throw new CompositionError(path, `it would be written through the symlink '${part}'`);
    if (child.kind !== "directory")
      throw new CompositionError(path, `'${part}' on its way is not a directory`);
    here = child;
  }
  return here;
}

function findLinked(
  root: ImageDirectory,
  entry: Extract<LayerEntry, { kind: "hardlink" }>,
  missingLinks: "refuse" | "leave-out",
): ImageNode | undefined {
  let here: ImageNode | undefined = root;
  for (const part of split(entry.target)) {
    if (here?.kind === "symlink")
      throw new CompositionError(entry.path, `its target '${entry.target}' lies behind a symlink`);
    here = here?.kind === "directory" ? here.children.get(part) : undefined;
  }
  if (here?.kind === "directory")
    throw new CompositionError(entry.path, `its target '${entry.target}' is a directory`);
  if (here === undefined && missingLinks === "refuse") {
    throw new CompositionError(entry.path, `it is a hard link to '${entry.target}', which is not there`);
  }
  return here;
}

/** Children in the order in which OSTree wants them. */
export function sortedChildren(
  directory: ImageDirectory,
): readonly (readonly [name: string, node: ImageNode])[] {
  return [...directory.children].sort(([a], [b]) => compareNames(a, b));
}

function split(path: string): readonly string[] {
  return path === "" ? [] : path.split("/");
}
