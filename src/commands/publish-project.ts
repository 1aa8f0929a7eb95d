import type { PublishBuild, PublishParent, PublishSpec } from "../aws/publish-types.ts";
import { publishProblems } from "../aws/publish-rules.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { renderPath } from "../core/schema-problems.ts";
import { sizeOf } from "../host/files.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedAmi, LockedBuild } from "../lock/schema.ts";
import { refuse } from "../spec/load.ts";
import { buildFolder } from "./build-folder.ts";
import { findBuild } from "./build-id.ts";
import { loadProject, located, type Project, specFileName } from "./project.ts";
import { planPublish, publish, type PublishPlan } from "./publish.ts";
import { recordAmis } from "./publish-record.ts";

export interface PublishProjectOptions {
  /** First digits of a build id; the newest build when not given. */
  readonly build: string | undefined;
  /** Instead of the spec's regions. */
  readonly regions?: readonly string[] | undefined;
  /** Folder of the build's outputs, when it was baked with `--out`. */
  readonly out?: string | undefined;
}

export interface PublishProjectResult {
  readonly build: string;
  readonly amis: readonly LockedAmi[];
  readonly failures: readonly { readonly region: string; readonly code: string; readonly message: string }[];
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
  const { amis, failures } = await publish(context, { build: request, regions: options.regions ?? [] });
  const { changed, recorded } = await recordAmis(context, folder, build.id, amis);
  return { build: shortDigest(build.id), amis: recorded, failures, changed };
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

/** The spec's `publish:` section, or an error that says where it goes; its problems come with their lines. */
export function requirePublish(project: Project): PublishSpec {
  const { loaded } = project;
  const section = loaded.spec.publish;
  if (section === undefined) {
    throw new IgneousError("input-invalid", `${specFileName} has no section 'publish'`, {
      hint: "say where the image goes: publish: { regions: [eu-central-1] }",
    });
  }
  const problems = publishProblems(section).map(({ path, message }) => ({
    severity: "error" as const,
    message,
    path: renderPath(["publish", ...path]),
  }));
  refuse(loaded.file, loaded.source, located(loaded, problems));
  return section;
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
