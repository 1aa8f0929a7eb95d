import {
  compareNames,
  type DirtreeDirectory,
  encodeDirmeta,
  encodeDirtree,
  type Metadata,
  type ObjectChecksum,
} from "./object.ts";
import { readDirmeta, readDirtree } from "./object-read.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { Repo } from "./repo.ts";
import {
  conflict,
  type Ownership,
  type StoredDirectory,
  type StoredFile,
  type TreeAbsence,
  type TreeNode,
} from "./tree.ts";

/** Writes every object of a tree that the repo lacks. Stored directories that nothing is laid over are not even read. */
export function writeTree(
  repo: Repo,
  writer: ObjectWriter,
  tree: TreeNode,
  path = "",
): StoredFile | StoredDirectory {
  switch (tree.kind) {
    case "stored-file":
    case "stored-directory":
      return tree;
    case "file":
      return {
        kind: "stored-file",
        checksum: writer.putFile(metadataOf(tree, tree.mode ?? 0o644), contentBytes(tree.contents)),
      };
    case "symlink": {
      const header = { ...metadataOf(tree, 0o777), target: tree.target };
      return { kind: "stored-file", checksum: writer.putSymlink(header) };
    }
    default:
      return writeDirectory(repo, writer, openDirectory(repo, tree, path), path);
  }
}

type Entry = TreeNode | TreeAbsence;

/** A directory whose own entries are known, those below not yet. */
interface OpenDirectory {
  readonly meta: Metadata | ObjectChecksum;
  readonly entries: Map<string, Entry>;
}

function writeDirectory(
  repo: Repo,
  writer: ObjectWriter,
  open: OpenDirectory,
  path: string,
): StoredDirectory {
  const files: { name: string; checksum: ObjectChecksum }[] = [];
  const directories: DirtreeDirectory[] = [];
  const entries = [...open.entries].sort(([a], [b]) => compareNames(a, b));
  for (const [name, node] of entries) {
    if (node.kind === "absent") continue;
    const stored = writeTree(repo, writer, node, `${path}/${name}`);
    if (stored.kind === "stored-file") files.push({ name, checksum: stored.checksum });
    else directories.push({ name, tree: stored.tree, meta: stored.meta });
  }
  const tree = writer.putMetadata("dirtree", encodeDirtree({ files, directories }));
  const meta =
    typeof open.meta === "string" ? open.meta : writer.putMetadata("dirmeta", encodeDirmeta(open.meta));
  return { kind: "stored-directory", tree, meta };
}

/** Finds the entries of a directory, looking into the repo where they are stored. */
function openDirectory(repo: Repo, node: Entry, path: string): OpenDirectory {
  switch (node.kind) {
    case "directory":
      return { meta: metadataOf(node, node.mode ?? 0o755), entries: new Map(node.entries) };
    case "stored-directory": {
      const { files, directories } = readDirtree(repo, node.tree);
      const entries = new Map<string, Entry>();
      for (const { name, checksum } of files) entries.set(name, { kind: "stored-file", checksum });
      for (const { name, tree, meta } of directories)
        entries.set(name, { kind: "stored-directory", tree, meta });
      return { meta: node.meta, entries };
    }
    case "overlay":
      return openOverlay(repo, node.base, node.top, path);
    default:
      throw conflict(path, "a directory", node.kind);
  }
}

function openOverlay(repo: Repo, base: Entry, top: TreeNode, path: string): OpenDirectory {
  const below = openDirectory(repo, base, path);
  const above = openDirectory(repo, top, path);
  const entries = new Map(below.entries);
  for (const [name, node] of above.entries) {
    const there = entries.get(name);
    entries.set(
      name,
      there === undefined || there.kind === "absent" ? node : laid(there, node, `${path}/${name}`),
    );
  }
  return { meta: overlaidMeta(repo, below, top, above), entries };
}

function laid(base: TreeNode, top: Entry, path: string): Entry {
  if (top.kind === "absent") return top;
  if (isDirectory(base) !== isDirectory(top)) throw conflict(path, top.kind, base.kind);
  return isDirectory(top) ? { kind: "overlay", base, top } : top;
}

function isDirectory(node: TreeNode): boolean {
  if (node.kind === "overlay") return isDirectory(node.top);
  return node.kind === "directory" || node.kind === "stored-directory";
}

function overlaidMeta(
  repo: Repo,
  below: OpenDirectory,
  top: TreeNode,
  above: OpenDirectory,
): Metadata | ObjectChecksum {
  if (top.kind !== "directory") return above.meta;
  if (top.mode === undefined && top.uid === undefined && top.gid === undefined && top.xattrs === undefined) {
    return below.meta;
  }
  const base = typeof below.meta === "string" ? readDirmeta(repo, below.meta) : below.meta;
  return metadataOf({ ...base, ...withoutUndefined(top) }, top.mode ?? base.mode);
}

function withoutUndefined({ uid, gid, xattrs }: Ownership): Ownership {
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(xattrs === undefined ? {} : { xattrs }),
  };
}

function metadataOf({ uid = 0, gid = 0, xattrs = [] }: Ownership, mode: number): Metadata {
  return { uid, gid, mode, xattrs };
}

function contentBytes(contents: string | Uint8Array): Uint8Array {
  return typeof contents === "string" ? Buffer.from(contents, "utf8") : contents;
}
