import type { CommitChecksum, ObjectChecksum, ObjectKind } from "./object.ts";
import { readCommit, readDirtree } from "./object-read.ts";
import { objectPath, type Repo } from "./repo.ts";

/** Paths below the repo of all objects that the commits are made of, less those of the commits in `except`; sorted. */
export function reachableObjects(
  repo: Repo,
  commits: readonly CommitChecksum[],
  except: readonly CommitChecksum[],
): readonly string[] {
  const known = new Set<string>();
  for (const commit of except) addCommit(repo, commit, known, () => undefined);
  const found: string[] = [];
  for (const commit of commits) addCommit(repo, commit, known, (path) => found.push(path));
  return found.sort();
}

function addCommit(
  repo: Repo,
  commit: CommitChecksum,
  known: Set<string>,
  report: (path: string) => void,
): void {
  const add = (kind: ObjectKind, checksum: ObjectChecksum): boolean => {
    const path = objectPath(repo, kind, checksum).slice(repo.path.length + 1);
    if (known.has(path)) return false;
    known.add(path);
    report(path);
    return true;
  };
  const addTree = (tree: ObjectChecksum): void => {
    if (!add("dirtree", tree)) return;
    const { files, directories } = readDirtree(repo, tree);
    for (const { checksum } of files) add("file", checksum);
    for (const directory of directories) {
      add("dirmeta", directory.meta);
      addTree(directory.tree);
    }
  };
  add("commit", commit);
  const { tree, meta } = readCommit(repo, commit);
  add("dirmeta", meta);
  addTree(tree);
}
