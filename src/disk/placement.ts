import type { CommitChecksum, ObjectChecksum } from "../ostree/object.ts";
import { readCommit, readDirtree } from "../ostree/object-read.ts";
import type { Repo } from "../ostree/repo.ts";

/**
 * The order in which the files of a sysroot are given to mke2fs, which places them one behind the other. What two builds
 * have in common must come first and in the same order, or everything behind the first new byte moves and the whole disk
 * is sent again: the skeleton, the predecessor as the disk before had it, and only then what is new.
 */
export function placementOrder(
  paths: readonly string[],
  deployed: readonly DeployedCommit[],
): readonly string[] {
  const left = new Set(paths);
  const order: string[] = [];
  const take = (some: readonly string[]): void => {
    for (const path of some) if (left.delete(path)) order.push(path);
  };
  const sorted = paths.toSorted(byBytes);
  take(sorted.filter((path) => skeleton.test(path)));
  for (const { commit, metadata, files } of deployed) {
    const { lasting, volatile } = deploymentOrder(sorted, deploymentPath(commit));
    take(lasting);
    take(metadata.map(objectPath));
    take(volatile);
    take([...files].sort(byBytes).map(objectPath));
  }
  take(sorted);
  return order;
}

/** A commit as its repo holds it: names of objects such as `0a….dirtree`, without the folder. */
export interface DeployedCommit {
  readonly commit: string;
  /** In the order of the tree, so that a change of one folder leaves the others where they are. */
  readonly metadata: readonly string[];
  readonly files: ReadonlySet<string>;
}

/** Reads which objects a commit has. */
export function deployedCommit(repo: Repo, commit: CommitChecksum): DeployedCommit {
  const { tree, meta } = readCommit(repo, commit);
  const metadata = new Set<string>([`${commit}.commit`]);
  const files = new Set<string>();
  const walk = (dirtree: ObjectChecksum, dirmeta: ObjectChecksum): void => {
    metadata.add(`${dirtree}.dirtree`).add(`${dirmeta}.dirmeta`);
    const entries = readDirtree(repo, dirtree);
    for (const file of entries.files) files.add(`${file.checksum}.file`);
    for (const folder of entries.directories) walk(folder.tree, folder.meta);
  };
  walk(tree, meta);
  return { commit, metadata: [...metadata], files };
}

/** What every disk has, in the same number: a change here moves all that follows. Kernels belong to the base. */
const skeleton =
  /^(?:|boot|boot\/ostree(?:\/.*)?|ostree|ostree\/deploy|ostree\/deploy\/igneous(?:\/deploy)?|ostree\/repo|ostree\/repo\/objects(?:\/[0-9a-f]{2})?)$/u;

/** Images that change together, with the version of Kubernetes. */
const kubernetes = /^usr\/lib\/igneous\/containers(?:$|\/(?:etcd|kube[^/]*)(?:\/|$))/u;

/**
 * What one image or one build changes comes last: what grows there, in this build or in the one that it carries, moves no more
 * than what follows. The base first, then Kubernetes; images of their own pace (geth, those for pods) and /etc at the end.
 */
function deploymentOrder(
  sorted: readonly string[],
  root: string,
): { readonly lasting: readonly string[]; readonly volatile: readonly string[] } {
  const own = sorted.filter((path) => path === root || path.startsWith(`${root}/`));
  const rank = (path: string): number => {
    const inside = path.slice(root.length + 1);
    if (inside.startsWith("etc/")) return 3;
    if (!inside.startsWith("usr/lib/igneous/")) return 0;
    return kubernetes.test(inside) ? 1 : 2;
  };
  const ranked = own.toSorted((a, b) => rank(a) - rank(b) || byBytes(a, b));
  const volatile = ranked.findIndex((path) => rank(path) > 1);
  const end = volatile === -1 ? ranked.length : volatile;
  return { lasting: ranked.slice(0, end), volatile: ranked.slice(end) };
}

/** The folder of a deployment in a sysroot. */
export function deploymentPath(commit: string): string {
  return `ostree/deploy/igneous/deploy/${commit}.0`;
}

/** Where a sysroot's repo has an object, such as `0a….file`. */
export function objectPath(name: string): string {
  return `ostree/repo/objects/${name.slice(0, 2)}/${name.slice(2)}`;
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
