import { mapLimit } from "../core/parallel.ts";
import type { CommitFields } from "./commit-object.ts";
import type { CommitChecksum, Dirtree, ObjectChecksum } from "./object.ts";
import { readCommit, readDirtree } from "./object-read.ts";
import type { Repo } from "./repo.ts";

/** The objects that a commit is made of, each once, without the commit itself. */
export interface Closure {
  readonly files: ReadonlySet<ObjectChecksum>;
  readonly dirtrees: ReadonlySet<ObjectChecksum>;
  readonly dirmetas: ReadonlySet<ObjectChecksum>;
}

export interface MetadataReader {
  readonly commit: (checksum: CommitChecksum) => CommitFields | Promise<CommitFields>;
  readonly dirtree: (checksum: ObjectChecksum) => Dirtree | Promise<Dirtree>;
}

export function readerOf(repo: Repo): MetadataReader {
  return {
    commit: (checksum) => readCommit(repo, checksum),
    dirtree: (checksum) => readDirtree(repo, checksum),
  };
}

const atOnce = 32;

/** Lists what a commit reaches. Its contents are not read. */
export async function closureOf(reader: MetadataReader, commit: CommitChecksum): Promise<Closure> {
  const files = new Set<ObjectChecksum>();
  const { tree, meta } = await reader.commit(commit);
  const dirtrees = new Set<ObjectChecksum>([tree]);
  const dirmetas = new Set<ObjectChecksum>([meta]);
  for (let level = [tree]; level.length > 0; ) {
    const next: ObjectChecksum[] = [];
    for (const entries of await mapLimit(level, atOnce, async (checksum) => reader.dirtree(checksum))) {
      for (const { checksum } of entries.files) files.add(checksum);
      for (const directory of entries.directories) {
        dirmetas.add(directory.meta);
        if (dirtrees.has(directory.tree)) continue;
        dirtrees.add(directory.tree);
        next.push(directory.tree);
      }
    }
    level = next;
  }
  return { files, dirtrees, dirmetas };
}
