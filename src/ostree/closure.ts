import type { CommitChecksum, ObjectChecksum } from "./object.ts";
import { readCommit, readDirtree } from "./object-read.ts";
import type { Repo } from "./repo.ts";

/** The objects that a commit is made of, each once, without the commit itself. */
export interface Closure {
  readonly files: ReadonlySet<ObjectChecksum>;
  readonly dirtrees: ReadonlySet<ObjectChecksum>;
  readonly dirmetas: ReadonlySet<ObjectChecksum>;
}

/** Lists what a commit reaches. Its contents are not read. */
export function closureOf(repo: Repo, commit: CommitChecksum): Closure {
  const files = new Set<ObjectChecksum>();
  const dirtrees = new Set<ObjectChecksum>();
  const { tree, meta } = readCommit(repo, commit);
  const dirmetas = new Set<ObjectChecksum>([meta]);
  const waiting = [tree];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (dirtrees.has(next)) continue;
    dirtrees.add(next);
    const entries = readDirtree(repo, next);
    for (const { checksum } of entries.files) files.add(checksum);
    for (const directory of entries.directories) {
      dirmetas.add(directory.meta);
      waiting.push(directory.tree);
    }
  }
  return { files, dirtrees, dirmetas };
}
