import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { Lock } from "../lock/schema.ts";
import { commitTree } from "../ostree/commit.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { overlayTrees, type TreeNode } from "../ostree/tree.ts";
import { subtree } from "../ostree/tree-read.ts";
import { labelTree, plainKey } from "./label-tree.ts";

interface HostParts {
  /** What the deployment is called in `ostree admin status`. */
  readonly version: string;
  readonly ref: string;
  readonly base: CommitChecksum;
  readonly payload: CommitChecksum;
  /** What image-time Butane takes away and adds. */
  readonly overlays: readonly TreeNode[];
  /** Where the tools come from that label the files; not given for an image without SELinux. */
  readonly labels?: { readonly lock: Lock; readonly mirror: string | undefined } | undefined;
}

/** Commits what is deployed: the base tree with the payload and the image-time configuration laid over it. */
export async function commitHost(context: Context, repo: Repo, parts: HostParts): Promise<CommitChecksum> {
  const { base, payload, overlays, version, ref, labels } = parts;
  const plain = overlayTrees(subtree(repo, base, "/"), subtree(repo, payload, "/"), ...overlays);
  const labelled =
    labels === undefined ? undefined : await labelTree(context, repo, plain, { ...labels, ref });
  const tree = labelled?.tree ?? plain;
  return runStep(context, "host", "commit the host tree", async () => {
    const metadata = {
      version,
      "igneous.base": base,
      "igneous.payload": payload,
      ...(labelled === undefined ? {} : { [plainKey]: labelled.plain }),
      "ostree.bootable": true,
    };
    const commit = await commitTree(context, repo, tree, { subject: version, metadata, ref });
    return { value: commit, note: commit.slice(0, 12) };
  });
}
