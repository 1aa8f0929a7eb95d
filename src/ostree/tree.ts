import { IgneousError } from "../core/errors.ts";
import type { ObjectChecksum, Xattr } from "./object.ts";

/** A tree to be committed: a plain value. Its leaves are bytes, symlinks, or what is already in a repo. */
export type TreeNode = TreeFile | TreeSymlink | TreeDirectory | StoredFile | StoredDirectory | TreeOverlay;

export interface Ownership {
  /** 0 when not given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: readonly Xattr[];
}

export interface TreeFile extends Ownership {
  readonly kind: "file";
  readonly contents: string | Uint8Array;
  /** Permission bits; 0644 when not given. */
  readonly mode?: number;
}

export interface TreeSymlink extends Ownership {
  readonly kind: "symlink";
  readonly target: string;
}

export interface TreeDirectory extends Ownership {
  readonly kind: "directory";
  /** Permission bits. When not given: those of the directory that this one is laid over, else 0755. */
  readonly mode?: number;
  readonly entries: ReadonlyMap<string, TreeNode | TreeAbsence>;
}

/** In the top of an overlay: whatever the base has here is not in the result. */
export interface TreeAbsence {
  readonly kind: "absent";
}

/** A file or symlink that is an object of the repo. */
export interface StoredFile {
  readonly kind: "stored-file";
  readonly checksum: ObjectChecksum;
}

/** A directory, with all below it, that is in the repo. */
export interface StoredDirectory {
  readonly kind: "stored-directory";
  readonly tree: ObjectChecksum;
  readonly meta: ObjectChecksum;
}

/** `top` laid over `base`. It is resolved when it is committed, since that takes a look into the repo. */
export interface TreeOverlay {
  readonly kind: "overlay";
  readonly base: TreeNode;
  readonly top: TreeNode;
}

/**
 * Lays one tree over another: directories merge, everything else replaces what is below it. That a directory would
 * replace a file or symlink, or the reverse, is refused when the tree is committed (`tree-conflict`): it is a mistake
 * such as writing to `/lib/x` where `/lib` is a link.
 */
export function overlayTrees(base: TreeNode, ...tops: readonly TreeNode[]): TreeNode {
  return tops.reduce<TreeNode>((below, top) => ({ kind: "overlay", base: below, top }), base);
}

/**
 * Makes a directory tree of absolute paths. Parents that are not listed are directories without a mode of their own.
 * A path listed twice, or below something that is no directory, is refused.
 */
export function treeOfPaths(
  nodes: Iterable<readonly [path: string, node: TreeNode | TreeAbsence]>,
): TreeDirectory {
  const root = new Map<string, TreeNode | TreeAbsence>();
  const open = new Map<string, Map<string, TreeNode | TreeAbsence>>([["", root]]);
  const shallowFirst = [...nodes].map(([path, node]) => ({ parts: splitPath(path), node, path }));
  shallowFirst.sort((a, b) => a.parts.length - b.parts.length);
  let result: TreeDirectory = { kind: "directory", entries: root };
  const ensure = (parts: readonly string[]): Map<string, TreeNode | TreeAbsence> => {
    const key = parts.join("/");
    const known = open.get(key);
    if (known !== undefined) return known;
    const parent = ensure(parts.slice(0, -1));
    const name = parts.at(-1) ?? "";
    const there = parent.get(name);
    if (there !== undefined && there.kind !== "directory") throw conflict(key, "a directory", there.kind);
    const entries = new Map(there?.entries);
    parent.set(name, { ...there, kind: "directory", entries });
    open.set(key, entries);
    return entries;
  };
  for (const { parts, node, path } of shallowFirst) {
    const name = parts.at(-1);
    if (name === undefined) {
      if (node.kind !== "directory") throw conflict("", "a directory", node.kind);
      for (const [child, childNode] of node.entries) root.set(child, childNode);
      result = { ...node, entries: root };
      continue;
    }
    const parent = ensure(parts.slice(0, -1));
    if (parent.has(name)) throw conflict(path, node.kind, "an earlier entry");
    parent.set(name, node);
  }
  return result;
}

export function conflict(path: string, wanted: string, there: string): IgneousError {
  return new IgneousError(
    "tree-conflict",
    `the tree cannot have ${wanted} at /${path.replace(/^\//u, "")}: ${there} is there`,
  );
}

/** The parts of an absolute path; `.` and `..` are refused. */
export function splitPath(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  if (!path.startsWith("/") || parts.some((part) => part === "." || part === "..")) {
    throw new IgneousError("input-invalid", `'${path}' is not an absolute path without '.' and '..'`);
  }
  return parts;
}
