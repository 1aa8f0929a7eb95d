import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { run } from "../host/exec.ts";
import { sizeOf } from "../host/files.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { imageRef } from "../ostree/image-ref.ts";
import { hasCommit, readCommit } from "../ostree/object-read.ts";
import { findRef } from "../ostree/ref.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { openToolsRoot, runInTools } from "../base/tools.ts";
import { verifyDisk } from "../disk/verify.ts";
import { diskInput } from "./bake-disk.ts";
import { buildFolder } from "./build-folder.ts";
import { findBuild } from "./build-id.ts";
import { loadProject, type Project } from "./project.ts";
import { renderImageTemplate } from "./templates.ts";

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
  /** What to do about the differences. */
  readonly cure: string | null;
}

/** Compares a repo and a disk image with the lock, byte for byte. Changes nothing. */
export async function verifyProject(
  context: Context,
  folder: string,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const project = await loadProject(folder);
  const lock = await readLock(folder);
  const build = findBuild(lock, options.build);
  const disk = options.disk ?? buildFolder(folder, build.id, undefined).disk;
  if (options.disk !== undefined && (await sizeOf(disk)) === undefined) {
    throw new IgneousError("file-not-found", `there is no disk image ${disk}`, {
      hint: `name one that is there, or leave --disk out for that of build ${shortDigest(build.id)}`,
    });
  }
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
  await runStep(context, "disk", `check ${disk}`, async () => {
    compare(`disk ${disk}`, await compareDisk(context, { project, lock, repo, build, disk }));
    return { value: undefined };
  });
  return { build: shortDigest(build.id), checked, differences, cure: cureOf(differences, disk, options) };
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

const isGone = "there is no such file";

/** A disk that differs is compared with one made anew from the repo, so that places and files can be named. */
async function compareDisk(
  context: Context,
  compared: {
    readonly project: Project;
    readonly lock: Lock;
    readonly repo: Repo;
    readonly build: LockedBuild;
    readonly disk: string;
  },
): Promise<string | undefined> {
  const { project, lock, repo, build, disk } = compared;
  if ((await sizeOf(disk)) === undefined) return isGone;
  if (build.disk === undefined) return "the lock records no disk of this build";
  const predecessor = lock.builds.find(({ id }) => id === build.predecessor);
  const { id, hostCommit } = build;
  const predecessorCommit = predecessor?.hostCommit ?? null;
  const configuration = renderImageTemplate(project);
  const tools = await openToolsRoot(context, lock.base, project.loaded.spec.base.debian.mirror);
  const found = await verifyDisk(context, (argv, run) => runInTools(context, tools, argv, run), disk, {
    sha256: build.disk.sha256,
    sizeBytes: build.disk.size,
    rebuild: diskInput(project, repo, { id, hostCommit, predecessorCommit, configuration }),
  });
  if (found.length === 0) return undefined;
  const places = found.map(({ part, offset, length, files, note }) => {
    const at = `${part}, bytes ${offset} to ${offset + length}`;
    return [at, ...files, ...(note === undefined ? [] : [note])].join(": ");
  });
  return places.join("; ");
}

function cureOf(differences: readonly string[], disk: string, { disk: named }: VerifyOptions): string | null {
  const [first] = differences;
  if (first === undefined) return null;
  const isDisk = first.startsWith("disk ");
  if (!isDisk && first.startsWith("every object")) {
    return "take the damaged objects out and bake them anew: ostree fsck --delete --repo=.igneous/repo; igneous bake";
  }
  if (!isDisk) return "make what is missing from the lock: igneous bake";
  if (named !== undefined) return `do not use ${disk}: copy it again from where it was baked`;
  return `make it again from the lock: ${first.endsWith(isGone) ? "" : `rm ${disk} && `}igneous bake`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
