import { openAws } from "../aws/session.ts";
import { askAccount } from "../aws/inventory.ts";
import type { PublishBuild, PublishFailure, PublishParent } from "../aws/publish-types.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { sizeOf } from "../host/files.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedAmi, LockedBuild } from "../lock/schema.ts";
import { buildFolder } from "./build-folder.ts";
import { ensureEc2Boot } from "./ec2-check.ts";
import { findBuild } from "./build-id.ts";
import { loadProject, type Project } from "./project.ts";
import { planPublish, publish, type PublishPlan } from "./publish.ts";
import { recordAmis } from "./publish-record.ts";
import { requirePublish } from "./publish-section.ts";

export interface PublishProjectOptions {
  /** First digits of a build id; the newest build when not given. */
  readonly build: string | undefined;
  /** Instead of the spec's regions. */
  readonly regions?: readonly string[] | undefined;
  /** Folder of the build's outputs, when it was baked with `--out`. */
  readonly out?: string | undefined;
  /** Whether a disk that was not booted as EC2 boots it is booted so first. */
  readonly bootTest: boolean;
}

export interface PublishProjectResult {
  readonly build: string;
  readonly amis: readonly LockedAmi[];
  readonly failures: readonly PublishFailure[];
  /** Whether the lock had to be written. */
  readonly changed: boolean;
}

/** Publishes a build of the lock and records what there is now, also when some regions failed (exit 1). */
export async function publishProject(
  context: Context,
  folder: string,
  options: PublishProjectOptions,
): Promise<PublishProjectResult> {
  const project = await loadProject(folder);
  const build = findBuild(await readLock(folder), options.build);
  const request = await publishRequest(project, await readLock(folder), build, options.out);
  const isPublished = build.amis !== undefined && build.amis.length > 0;
  if (options.bootTest && !isPublished) {
    await requireAccount(context, project, options.regions);
    const outputs = buildFolder(folder, build.id, options.out);
    await ensureEc2Boot(context, project, build, { folder: outputs, disk: request.disk });
  }
  const { amis, failures } = await publish(context, { build: request, regions: options.regions ?? [] });
  const { changed, recorded } = await recordAmis(context, folder, build.id, amis);
  return { build: shortDigest(build.id), amis: recorded, failures, changed };
}

/** Asks AWS for next to nothing: credentials that are missing are found out now, not after minutes of work. */
export async function requireAccount(
  context: Context,
  project: Project,
  regions: readonly string[] | undefined,
): Promise<void> {
  await askAccount(openAws(context), regions?.[0] ?? requirePublish(project).regions[0]);
}

/** Every call that publishing would make, and the policy that it needs. Asks AWS nothing. */
export async function planProjectPublish(
  context: Context,
  folder: string,
  options: PublishProjectOptions,
  now: Date,
): Promise<PublishPlan> {
  const project = await loadProject(folder);
  const lock = await readLock(folder);
  const build = await publishRequest(project, lock, findBuild(lock, options.build), options.out);
  return planPublish(context, { build, regions: options.regions ?? [] }, now);
}

/** A build of the lock as `aws` wants it: its disk, its section, and the build before it that is published. */
export async function publishRequest(
  project: Project,
  lock: Lock,
  build: LockedBuild,
  out: string | undefined,
): Promise<PublishBuild> {
  const section = requirePublish(project);
  const folder = buildFolder(project.folder, build.id, out);
  if (build.disk === undefined || (await sizeOf(folder.disk)) === undefined) {
    const message = `the disk of build ${shortDigest(build.id)} is not at ${folder.disk}`;
    throw new IgneousError("file-not-found", message, { hint: "run: igneous bake" });
  }
  const parent = parentOf(project, lock, build);
  return {
    buildId: build.id,
    specName: lock.name,
    disk: { path: folder.disk, sha256: build.disk.sha256, size: build.disk.size },
    publish: section,
    folder: folder.path,
    ...(parent === undefined ? {} : { parent }),
  };
}

function parentOf(project: Project, lock: Lock, build: LockedBuild): PublishParent | undefined {
  const older = lock.builds.slice(lock.builds.findIndex(({ id }) => id === build.id) + 1);
  for (const { id, amis } of older) {
    // What another builder made of that build has other bytes than its disk.
    const uploaded = (amis ?? []).filter(({ blocks }) => blocks !== undefined);
    if (uploaded.length === 0) continue;
    return { buildId: id, folder: buildFolder(project.folder, id, undefined).path, amis: uploaded };
  }
  return undefined;
}
