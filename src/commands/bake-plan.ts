import { resolve } from "node:path";
import { type Digest, shortDigest } from "../core/digest.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { type BuildFolder, buildFolder } from "./build-folder.ts";
import { buildIdOf, predecessorOf } from "./build-id.ts";
import type { Project } from "./project.ts";

export interface BakeOptions {
  readonly builder: "qemu";
  /** Folder for the outputs instead of `.igneous/builds/ID`. */
  readonly out: string | undefined;
  readonly bootTest: boolean;
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
}

export async function planBake(project: Project, lock: Lock, options: BakeOptions): Promise<BakePlan> {
  const id = await buildIdOf(lock);
  return {
    id,
    folder: buildFolder(project.folder, id, options.out === undefined ? undefined : resolve(options.out)),
    images: lock.images.map(({ reference, manifestDigest }) => ({ reference, manifestDigest })),
    packages: lock.base.packages.length,
    predecessor: predecessorOf(lock, id),
    recorded: lock.builds.find((build) => build.id === id),
    bootTest: options.bootTest,
  };
}

/** The plan as `--dry-run` prints it. */
export function describePlan(plan: BakePlan): readonly string[] {
  const { id, images, packages, predecessor, folder, bootTest } = plan;
  const before = predecessor === undefined ? "none (this is the first)" : shortDigest(predecessor.id);
  return [
    `build        ${shortDigest(id)}`,
    ...images.map(
      ({ reference, manifestDigest }) => `image        ${reference} ${shortDigest(manifestDigest)}`,
    ),
    `base         ${packages} Debian packages`,
    `rollback to  ${before}`,
    `disk         ${folder.disk}`,
    `boot check   ${bootTest ? "yes" : "no (--no-boot-test)"}`,
  ];
}
