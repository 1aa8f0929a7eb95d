import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { CommitChecksum, Metadata, ObjectChecksum } from "./object.ts";
import {
  catFile,
  readCommit,
  readDirmeta,
  readDirtree,
  readFileHeader,
  readFileObject,
} from "./object-read.ts";
import type { Repo } from "./repo.ts";
import { splitPath, type StoredDirectory, type StoredFile } from "./tree.ts";

/** What a commit has at a path, or undefined. Symlinks are not followed. */
export function findSubtree(
  repo: Repo,
  commit: CommitChecksum,
  path: string,
): StoredFile | StoredDirectory | undefined {
  const { tree, meta } = readCommit(repo, commit);
  return findBelow(repo, { kind: "stored-directory", tree, meta }, splitPath(path));
}

/** What a stored directory has below it, name by name, or undefined. Symlinks are not followed. */
export function findBelow(
  repo: Repo,
  root: StoredDirectory,
  parts: readonly string[],
): StoredFile | StoredDirectory | undefined {
  let here: StoredFile | StoredDirectory = root;
  for (const part of parts) {
    if (here.kind !== "stored-directory") return undefined;
    const { files, directories } = readDirtree(repo, here.tree);
    const directory = directories.find(({ name }) => name === part);
    const file = files.find(({ name }) => name === part);
    if (directory !== undefined)
      here = { kind: "stored-directory", tree: directory.tree, meta: directory.meta };
    else if (file !== undefined) here = { kind: "stored-file", checksum: file.checksum };
    else return undefined;
  }
  return here;
}

/** Like {@link findSubtree}; `path-not-found` when there is nothing. For grafting into another tree. */
export function subtree(repo: Repo, commit: CommitChecksum, path: string): StoredFile | StoredDirectory {
  const found = findSubtree(repo, commit, path);
  if (found !== undefined) return found;
  throw new IgneousError("path-not-found", `the commit ${commit} in ${repo.path} has nothing at ${path}`);
}

/** The content of a regular file of a commit. Symlinks are not followed. */
export async function readTreeFile(
  context: Context,
  repo: Repo,
  commit: CommitChecksum,
  path: string,
): Promise<Uint8Array> {
  const found = subtree(repo, commit, path);
  if (found.kind !== "stored-file") throw notRegular(commit, path, "a directory");
  if (repo.mode !== "archive") return catFile(context, repo, commit, path);
  const { header } = readFileHeader(repo, found.checksum);
  if (header.target !== undefined) throw notRegular(commit, path, `a symlink to ${header.target}`);
  return readFileObject(repo, found.checksum);
}

export type TreeEntry = Metadata & {
  /** Absolute; `/` for the root. */
  readonly path: string;
} & (
    | { readonly kind: "directory"; readonly tree: ObjectChecksum; readonly meta: ObjectChecksum }
    | { readonly kind: "file"; readonly size: number; readonly checksum: ObjectChecksum }
    | { readonly kind: "symlink"; readonly target: string; readonly checksum: ObjectChecksum }
  );

/** All entries of a commit of an archive repo, parents before their children, in the order of their names' bytes. */
export function* listTree(repo: Repo, commit: CommitChecksum, path = "/"): Generator<TreeEntry> {
  const root = subtree(repo, commit, path);
  yield* listNode(repo, root, path === "/" ? "" : path.replace(/\/+$/u, ""));
}

function* listNode(repo: Repo, node: StoredFile | StoredDirectory, path: string): Generator<TreeEntry> {
  if (node.kind === "stored-file") {
    const { checksum } = node;
    const { header, size } = readFileHeader(repo, checksum);
    const { target, ...metadata } = header;
    if (target === undefined) yield { path, kind: "file", size, checksum, ...metadata };
    else yield { path, kind: "symlink", target, checksum, ...metadata };
    return;
  }
  yield {
    path: path === "" ? "/" : path,
    kind: "directory",
    tree: node.tree,
    meta: node.meta,
    ...readDirmeta(repo, node.meta),
  };
  const { files, directories } = readDirtree(repo, node.tree);
  for (const { name, checksum } of files)
    yield* listNode(repo, { kind: "stored-file", checksum }, `${path}/${name}`);
  for (const { name, tree, meta } of directories) {
    yield* listNode(repo, { kind: "stored-directory", tree, meta }, `${path}/${name}`);
  }
}

function notRegular(commit: CommitChecksum, path: string, what: string): IgneousError {
  return new IgneousError(
    "path-not-found",
    `${path} in the commit ${commit} is ${what}; wanted a regular file`,
  );
}
