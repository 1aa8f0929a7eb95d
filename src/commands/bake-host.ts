import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { commitTree } from "../ostree/commit.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { overlayTrees, type TreeNode } from "../ostree/tree.ts";
import { subtree } from "../ostree/tree-read.ts";

interface HostParts {
  /** What the deployment is called in `ostree admin status`. */
  readonly version: string;
  readonly ref: string;
  readonly base: CommitChecksum;
  readonly payload: CommitChecksum;
  /** What image-time Butane takes away and adds. */
  readonly overlays: readonly TreeNode[];
}

/** Commits what is deployed: the base tree with the payload and the image-time configuration laid over it. */
export function commitHost(context: Context, repo: Repo, parts: HostParts): Promise<CommitChecksum> {
  return runStep(context, "host", "commit the host tree", async () => {
    const { base, payload, overlays, version, ref } = parts;
    const tree = overlayTrees(subtree(repo, base, "/"), subtree(repo, payload, "/"), ...overlays);
    const metadata = { version, "igneous.base": base, "igneous.payload": payload, "ostree.bootable": true };
    const commit = await commitTree(context, repo, tree, { subject: version, metadata, ref });
    return { value: commit, note: commit.slice(0, 12) };
  });
}
