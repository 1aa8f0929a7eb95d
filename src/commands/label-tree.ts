import { policyPackage } from "../base/package-lists.ts";
import { openToolsRoot, runInTools } from "../base/tools.ts";
import { isLabelled } from "../containers/features.ts";
import type { Context } from "../core/context.ts";
import { isSha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { removeFile } from "../host/object-files.ts";
import type { Lock } from "../lock/schema.ts";
import { commitTree } from "../ostree/commit.ts";
import type { CommitChecksum, ObjectChecksum } from "../ostree/object.ts";
import { hasCommit, readCommit } from "../ostree/object-read.ts";
import { findRef } from "../ostree/ref.ts";
import { objectPath, type Repo } from "../ostree/repo.ts";
import { overlayTrees, type TreeNode, treeOfPaths } from "../ostree/tree.ts";
import { subtree } from "../ostree/tree-read.ts";
import { refuse } from "../spec/load.ts";
import { located, type Project } from "./project.ts";

export interface LabelledTree {
  readonly tree: TreeNode;
  /** The tree without its labels, by which a later bake knows that it need not make them again. */
  readonly plain: ObjectChecksum;
}

/** What a commit says that its tree was before it had labels. */
export const plainKey = "igneous.unlabelled";

/**
 * Gives every file of a tree the label that the SELinux policy in it has for its path. OSTree does it, as on any host of
 * its kind; a label is part of the file's object, so that `ostree fsck` finds one that was changed.
 */
export function labelTree(
  context: Context,
  repo: Repo,
  tree: TreeNode,
  parts: { readonly lock: Lock; readonly mirror: string | undefined; readonly ref: string },
): Promise<LabelledTree> {
  return runStep(context, "label", "label the host tree by its SELinux policy", async () => {
    const plain = await commitTree(context, repo, tree, { subject: "without labels" });
    const made = [plain];
    try {
      const key = readCommit(repo, plain).tree;
      const there = await findRef(repo, parts.ref);
      if (there !== undefined && hasCommit(repo, there) && readCommit(repo, there).metadata[plainKey] === key)
        return { value: { tree: subtree(repo, there, "/"), plain: key }, outcome: "unchanged" as const };
      // A policy knows the files of /usr/etc as what they are on a node, in /etc.
      const moved = treeOfPaths([["/etc", subtree(repo, plain, "/usr/etc")]]);
      const asBooted = await commitTree(context, repo, overlayTrees(subtree(repo, plain, "/"), moved), {
        subject: "without labels, with its /etc",
      });
      made.push(asBooted);
      const labelled = await commitLabelled(context, repo, asBooted, parts);
      made.push(labelled);
      const back = treeOfPaths([
        ["/etc", { kind: "absent" }],
        ["/usr/etc", subtree(repo, labelled, "/etc")],
      ]);
      return { value: { tree: overlayTrees(subtree(repo, labelled, "/"), back), plain: key } };
    } finally {
      // Their objects are those of the host commit, or garbage.
      for (const commit of made) removeFile(objectPath(repo, "commit", commit));
    }
  });
}

async function commitLabelled(
  context: Context,
  repo: Repo,
  commit: CommitChecksum,
  { lock, mirror }: { readonly lock: Lock; readonly mirror: string | undefined },
): Promise<CommitChecksum> {
  const tools = await openToolsRoot(context, lock.base, mirror);
  const argv = ["commit", "--repo=/repo", `--tree=ref=${commit}`, "--selinux-policy-from-base"];
  const unnamed = ["--orphan", "--no-bindings", "--timestamp=@0", "--subject=with labels"];
  const binds = [{ source: repo.path, target: "/repo" }];
  const said = (await runInTools(context, tools, ["ostree", ...argv, ...unnamed], { binds })).trim();
  if (!isSha256Hex(said)) throw new Error(`ostree commit said '${said}'`);
  return said as string as CommitChecksum;
}

/** Whether the base has a policy, by the feature or as a package of its own: OSTree labels such a host when it deploys. */
export function hasLabels({ wanted }: Project): boolean {
  return wanted.requestedPackages.includes(policyPackage);
}

/** The host that `apply` composes on a builder's machine would have that machine's labels, and not be the lock's commit. */
export function refuseLabels(project: Project): void {
  if (!hasLabels(project)) return;
  const { loaded } = project;
  const index = (loaded.spec.features ?? []).findIndex((feature) => isLabelled([feature]));
  const problem = {
    severity: "error",
    path: index === -1 ? "base.debian.packages" : `features[${index}]`,
    message: "an image with SELinux labels cannot be made by Packer or EC2 Image Builder",
    hint: "bake it here and publish that: igneous bake --builder direct",
  } as const;
  refuse(loaded.file, loaded.source, located(loaded, [problem]));
}
