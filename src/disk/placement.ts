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
    take(deploymentOrder(sorted, `ostree/deploy/igneous/deploy/${commit}.0`));
    take([...metadata, ...[...files].sort(byBytes)].map(objectPath));
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

/** What one image or one build changes comes last, so that the base before it stays. */
function deploymentOrder(sorted: readonly string[], root: string): readonly string[] {
  const own = sorted.filter((path) => path === root || path.startsWith(`${root}/`));
  const volatile = (path: string): number =>
    path.startsWith(`${root}/usr/lib/igneous/`) ? 1 : path.startsWith(`${root}/etc/`) ? 2 : 0;
  return own.toSorted((a, b) => volatile(a) - volatile(b) || byBytes(a, b));
}

function objectPath(name: string): string {
  return `ostree/repo/objects/${name.slice(0, 2)}/${name.slice(2)}`;
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
