import { resolve } from "node:path";
import { type Digest, type Sha256Hex, shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { hasCommit } from "../ostree/object-read.ts";
import type { Repo } from "../ostree/repo.ts";
import { type BuildFolder, buildFolder } from "./build-folder.ts";
import { buildIdOf, predecessorOf } from "./build-id.ts";
import type { Project } from "./project.ts";

export interface BakeOptions {
  readonly builder: "qemu" | "direct";
  /** Folder for the outputs instead of `.igneous/builds/ID`. */
  readonly out: string | undefined;
  readonly bootTest: boolean;
  /** The image is to have nothing to go back to, whatever the lock knows. */
  readonly withoutPredecessor?: boolean;
  /** With builder direct: instead of the regions of the spec. */
  readonly regions?: readonly string[] | undefined;
}

/** Everything that a bake will do, known before it does anything. */
export interface BakePlan {
  readonly id: Digest;
  readonly folder: BuildFolder;
  readonly images: readonly { readonly reference: string; readonly manifestDigest: Digest }[];
  readonly packages: number;
  /** The build that the image will carry as its rollback deployment. */
  readonly predecessor: LockedBuild | undefined;
  /** What the lock records of this very build, when it was baked before. */
  readonly recorded: LockedBuild | undefined;
  readonly bootTest: boolean;
  readonly builder: BakeOptions["builder"];
  /** The disk will be published: it is also booted as EC2 boots it. */
  readonly becomesAmi: boolean;
}

export async function planBake(project: Project, lock: Lock, options: BakeOptions): Promise<BakePlan> {
  const id = await buildIdOf(lock);
  return {
    id,
    folder: buildFolder(project.folder, id, options.out === undefined ? undefined : resolve(options.out)),
    images: lock.images.map(({ reference, manifestDigest }) => ({ reference, manifestDigest })),
    packages: lock.base.packages.length,
    predecessor: options.withoutPredecessor === true ? undefined : predecessorOf(lock, id),
    recorded: findRecorded(lock, id, options),
    bootTest: options.bootTest,
    builder: options.builder,
    becomesAmi: options.builder === "direct" || project.loaded.spec.publish !== undefined,
  };
}

/** A build that is recorded with a predecessor is not that build without it. */
function findRecorded(lock: Lock, id: Digest, options: BakeOptions): LockedBuild | undefined {
  const recorded = lock.builds.find((build) => build.id === id);
  if (recorded?.predecessor === undefined || options.withoutPredecessor !== true) return recorded;
  const message = `build ${shortDigest(id)} is recorded with ${shortDigest(recorded.predecessor)} to go back to; without it the bytes are others`;
  throw new IgneousError("build-differs", message, {
    hint: "bake it without --no-predecessor, or change the spec for a build of its own",
  });
}

/**
 * The commit that the image goes back to; null when there is none. An image that silently lacks it would be found out on
 * the day that it is needed, so a repo that has not got it is an error.
 */
export function requirePredecessor(plan: BakePlan, repo: Repo): Sha256Hex | null {
  const { predecessor } = plan;
  if (predecessor === undefined) return null;
  const { hostCommit, git } = predecessor;
  if (hasCommit(repo, hostCommit)) return hostCommit;
  const short = shortDigest(predecessor.id);
  const at = git === undefined ? "" : ` (revision ${git.revision.slice(0, 12)})`;
  throw new IgneousError(
    "predecessor-missing",
    `build ${short}, which the image would go back to, is not in ${repo.path}: commit ${hostCommit}`,
    {
      hint:
        `copy it from the repo that has it: ostree pull-local --repo=${repo.path} THAT/.igneous/repo ${hostCommit}, ` +
        `or bake it first in a checkout of its lock${at} and copy it from there, or do without: igneous bake --no-predecessor`,
    },
  );
}

/** The plan as `--dry-run` prints it. */
export function describePlan(plan: BakePlan): readonly string[] {
  const { id, images, packages, predecessor, folder, bootTest, becomesAmi } = plan;
  const before = predecessor === undefined ? "none (this is the first)" : shortDigest(predecessor.id);
  return [
    `build        ${shortDigest(id)}`,
    ...images.map(
      ({ reference, manifestDigest }) => `image        ${reference} ${shortDigest(manifestDigest)}`,
    ),
    `base         ${packages} Debian packages`,
    `rollback to  ${before}`,
    `disk         ${folder.disk}`,
    `boot check   ${bootTest ? `yes${becomesAmi ? ", also as EC2 boots it" : ""}` : "no (--no-boot-test)"}`,
  ];
}
