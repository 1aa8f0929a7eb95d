import type { CommitChecksum } from "./object.ts";
import { readDirmeta } from "./object-read.ts";
import type { Repo } from "./repo.ts";
import type { TreeNode } from "./tree.ts";
import { subtree } from "./tree-read.ts";

/**
 * A tree whose directories without a mode of their own have those of a commit, so that programs that know no such
 * directories (`ostree commit --tree=…`) make the same of it when they lay it over another tree.
 */
export function matchDirectories(repo: Repo, commit: CommitChecksum, tree: TreeNode, path = "/"): TreeNode {
  if (tree.kind !== "directory") return tree;
  const entries = new Map(
    Array.from(tree.entries, ([name, node]) => {
      const below = `${path === "/" ? "" : path}/${name}`;
      return [name, node.kind === "absent" ? node : matchDirectories(repo, commit, node, below)] as const;
    }),
  );
  if (tree.mode !== undefined) return { ...tree, entries };
  const there = subtree(repo, commit, path);
  if (there.kind !== "stored-directory") return { ...tree, entries };
  const { mode, uid, gid, xattrs } = readDirmeta(repo, there.meta);
  return { kind: "directory", mode, uid, gid, xattrs, entries };
}
