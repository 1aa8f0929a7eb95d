import type { BaseNode, BaseTree } from "../ignition/base-tree.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { readDirmeta, readFileHeader, readFileObject } from "../ostree/object-read.ts";
import type { Repo } from "../ostree/repo.ts";
import type { StoredDirectory, StoredFile } from "../ostree/tree.ts";
import { findSubtree } from "../ostree/tree-read.ts";

/** The tree that some commits of an archive repo make when each lies over those behind it. */
export function committedTree(repo: Repo, ...commits: readonly CommitChecksum[]): BaseTree {
  return {
    find: (path) => {
      for (const commit of commits) {
        const found = findSubtree(repo, commit, path);
        if (found !== undefined) return baseNode(repo, found);
      }
      return undefined;
    },
  };
}

function baseNode(repo: Repo, node: StoredFile | StoredDirectory): BaseNode {
  if (node.kind === "stored-directory") {
    const { mode, uid, gid } = readDirmeta(repo, node.meta);
    return { kind: "directory", mode, uid, gid };
  }
  const { target, mode, uid, gid } = readFileHeader(repo, node.checksum).header;
  if (target !== undefined) return { kind: "symlink", target, uid, gid };
  return { kind: "file", mode, uid, gid, read: () => readFileObject(repo, node.checksum) };
}
