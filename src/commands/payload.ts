import { type Json, prettyJson } from "../core/json.ts";
import type { PayloadPlan, PlannedContainer } from "../containers/payload-plan.ts";
import type { Lock } from "../lock/schema.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { overlayTrees, treeOfPaths, type TreeNode } from "../ostree/tree.ts";
import { subtree } from "../ostree/tree-read.ts";
import { resolveInTree } from "../ostree/tree-resolve.ts";

/** Where a node says what is inside it. */
export const manifestPath = "/usr/lib/igneous/manifest.json";

/** The checks of the booted node, which travel with the image so that every builder and the node itself can run them. */
export const checksPath = "/usr/lib/igneous/checks.json";

type Entry = readonly [path: string, node: TreeNode];

/**
 * The payload as a tree: units, runtime configurations and helper programs as the plan has them, each container's
 * image as its rootfs with the mount points that a read-only root must have, and the manifest of all of that.
 */
export function payloadTree(
  repo: Repo,
  plan: PayloadPlan,
  images: ReadonlyMap<string, CommitChecksum>,
  preloads: readonly Entry[],
  documents: { readonly manifest: string; readonly checks: string },
): TreeNode {
  const entries: Entry[] = [
    ...plan.files.map(({ path, mode, contents }): Entry => [path, { kind: "file", contents, mode }]),
    ...plan.links.map(({ path, target }): Entry => [path, { kind: "symlink", target }]),
    ...plan.directories.map((path): Entry => [path, { kind: "directory", entries: new Map() }]),
    ...preloads,
    [manifestPath, { kind: "file", contents: documents.manifest }],
    [checksPath, { kind: "file", contents: documents.checks }],
  ];
  const roots = plan.containers.map((container): Entry => {
    const commit = images.get(container.image);
    if (commit === undefined) throw new Error(`the image of ${container.name} was not imported`);
    return [container.rootfs, rootfsTree(repo, commit, container)];
  });
  return treeOfPaths([...entries, ...roots]);
}

/** What the node reads to say what it runs, and the boot check to compare with the lock. */
export function renderManifest(
  lock: Lock,
  buildId: string,
  plan: PayloadPlan,
  preload: readonly string[],
): string {
  const byReference = new Map(lock.images.map((image) => [image.reference, image]));
  const digest = (reference: string): string => byReference.get(reference)?.manifestDigest ?? "";
  const inside = ({ name, image }: { readonly name: string; readonly image: string }): Json => ({
    name,
    reference: image,
    manifestDigest: digest(image),
  });
  return prettyJson({
    schemaVersion: 1,
    name: lock.name,
    build: buildId,
    containers: plan.containers.map(inside),
    // Before the preloaded images: igneous-host reads the names that far.
    ...(plan.pods.length === 0 ? {} : { pods: plan.pods.map(inside) }),
    preloaded: preload.map((reference) => ({ reference, manifestDigest: digest(reference) })),
    base: { suite: lock.base.suite, packages: lock.base.packages.length },
  });
}

function rootfsTree(repo: Repo, commit: CommitChecksum, container: PlannedContainer): TreeNode {
  const root = subtree(repo, commit, "/");
  if (root.kind !== "stored-directory") throw new Error(`the commit ${commit} has no root directory`);
  const missing = new Map<string, TreeNode>();
  for (const { path, kind } of container.mountPoints) {
    const resolved = resolveInTree(repo, root, path);
    if (resolved.exists) continue;
    const node: TreeNode =
      kind === "file" ? { kind: "file", contents: "" } : { kind: "directory", entries: new Map() };
    missing.set(resolved.path, node);
  }
  return missing.size === 0 ? root : overlayTrees(root, treeOfPaths(missing));
}
