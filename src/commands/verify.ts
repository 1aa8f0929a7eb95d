import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { run } from "../host/exec.ts";
import { sizeOf } from "../host/files.ts";
import { sha256Sparse } from "../host/sparse.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { imageRef } from "../ostree/image-ref.ts";
import { hasCommit, readCommit } from "../ostree/object-read.ts";
import { findRef } from "../ostree/ref.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { buildFolder } from "./build-folder.ts";
import { findBuild } from "./build-id.ts";

export interface VerifyOptions {
  readonly build: string | undefined;
  /** Disk image to check instead of the build's own. */
  readonly disk: string | undefined;
}

export interface VerifyResult {
  readonly build: string;
  /** What was compared, and found equal. */
  readonly checked: readonly string[];
  /** What is not as the lock has it. */
  readonly differences: readonly string[];
}

/** Compares a repo and a disk image with the lock, byte for byte. Changes nothing. */
export async function verifyProject(
  context: Context,
  folder: string,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const lock = await readLock(folder);
  const build = findBuild(lock, options.build);
  const repo = await openRepo(context, join(folder, ".igneous", "repo"));
  const checked: string[] = [];
  const differences: string[] = [];
  const compare = (what: string, difference: string | undefined): void => {
    if (difference === undefined) checked.push(what);
    else differences.push(`${what}: ${difference}`);
  };
  await compareCommits(repo, lock, build, compare);
  await runStep(context, "fsck", "check every object of the repo (ostree fsck)", async () => {
    const { stdout, stderr, exit } = await run(context, ["ostree", "fsck", "-q", `--repo=${repo.path}`], {
      okExits: [0, 1],
    });
    compare("every object of the repo", exit === 0 ? undefined : lastLine(stderr || stdout));
    return { value: undefined };
  });
  const disk = options.disk ?? buildFolder(folder, build.id, undefined).disk;
  await runStep(context, "disk", `check ${disk}`, async () => {
    compare(`disk ${disk}`, await compareDisk(context, disk, build));
    return { value: undefined };
  });
  return { build: shortDigest(build.id), checked, differences };
}

async function compareCommits(
  repo: Repo,
  lock: Lock,
  build: LockedBuild,
  compare: (what: string, difference: string | undefined) => void,
): Promise<void> {
  for (const { reference, manifestDigest } of lock.images) {
    const commit = await findRef(repo, imageRef(reference));
    const there =
      commit === undefined ? undefined : readCommit(repo, commit).metadata["ostree.manifest-digest"];
    const same = there === manifestDigest;
    compare(
      `image ${reference}`,
      same ? undefined : `the lock has ${manifestDigest}, the repo ${String(there ?? "none")}`,
    );
  }
  for (const part of ["payloadCommit", "baseCommit", "hostCommit"] as const) {
    compare(`${part} ${build[part]}`, hasCommit(repo, build[part]) ? undefined : "the repo does not have it");
  }
}

async function compareDisk(context: Context, disk: string, build: LockedBuild): Promise<string | undefined> {
  const size = await sizeOf(disk);
  if (size === undefined) return "there is no such file";
  if (size !== build.disk.size) return `it has ${size} bytes; the lock has ${build.disk.size}`;
  const sha256 = await sha256Sparse(context, disk);
  return sha256 === build.disk.sha256
    ? undefined
    : `its sha256 is ${sha256}; the lock has ${build.disk.sha256}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
