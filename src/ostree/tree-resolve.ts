import { IgneousError } from "../core/errors.ts";
import { readDirtree, readFileHeader } from "./object-read.ts";
import type { Repo } from "./repo.ts";
import { splitPath, type StoredDirectory, type StoredFile } from "./tree.ts";

export interface ResolvedPath {
  /** The path without symlinks, as far as the tree has it; what is missing is appended as it was asked for. */
  readonly path: string;
  readonly exists: boolean;
}

const mostLinks = 40;

/**
 * Follows a path through a stored tree as a process would whose root is that tree: absolute links start at the tree's
 * own root and `..` never leaves it.
 */
export function resolveInTree(repo: Repo, root: StoredDirectory, path: string): ResolvedPath {
  const pending = [...splitPath(path)];
  const done: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      done.pop();
      continue;
    }
    const found = findChild(repo, root, [...done, part]);
    if (found === undefined) return { path: `/${[...done, part, ...pending].join("/")}`, exists: false };
    const target =
      found.kind === "stored-file" ? readFileHeader(repo, found.checksum).header.target : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > mostLinks) throw new IgneousError("image-refused", `${path} is a loop of symbolic links`);
    if (target.startsWith("/")) done.length = 0;
    pending.unshift(...target.split("/").filter((piece) => piece !== "" && piece !== "."));
  }
  return { path: `/${done.join("/")}`, exists: true };
}

function findChild(
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
