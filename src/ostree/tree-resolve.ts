import { IgneousError } from "../core/errors.ts";
import { readFileHeader } from "./object-read.ts";
import type { Repo } from "./repo.ts";
import { splitPath, type StoredDirectory } from "./tree.ts";
import { findBelow } from "./tree-read.ts";

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
    const found = findBelow(repo, root, [...done, part]);
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
