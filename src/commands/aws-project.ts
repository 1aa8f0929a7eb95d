import type { GcOverview, GcRequest, GcResult } from "../aws/collect.ts";
import { findDuration } from "../aws/image-input.ts";
import type { BuildStatus } from "../aws/published-status.ts";
import type { RemoteCheck } from "../aws/remote-check.ts";
import type { Policy } from "../aws/iam-policy.ts";
import { imageBuilderPolicy } from "../aws/iam-policy-image-builder.ts";
import { lockStatements } from "../aws/iam-policy-lock.ts";
import { ostreeStatements } from "../aws/iam-policy-ostree.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { readLock } from "../lock/file.ts";
import type { Lock } from "../lock/schema.ts";
import { parseReference } from "../oci/reference.ts";
import { askedSourceAmis } from "./asked-source-amis.ts";
import { findBuild } from "./build-id.ts";
import { applyGc, planGarbage } from "./gc.ts";
import { requireImageBuilder } from "./image-builder-build.ts";
import { renderIamPolicy, renderRolloutPolicy, requirePolicyCommand } from "./iam-policy.ts";
import { packerProjectPolicy } from "./packer-policy.ts";
import { loadProject, type Project } from "./project.ts";
import { findS3Target } from "./ostree-target.ts";
import { publishRequest } from "./publish-project.ts";
import { requirePublish } from "./publish-section.ts";
import { requireRollout } from "./rollout-project.ts";
import { status } from "./status.ts";
import { verifyRemote } from "./verify-remote.ts";

export interface GcProjectOptions {
  readonly keep: number;
  /** Such as `7d`. */
  readonly olderThan: string;
}

/** What a project left behind in AWS, and what of it would go. Changes nothing. */
export async function planProjectGc(
  context: Context,
  folder: string,
  { keep, olderThan }: GcProjectOptions,
): Promise<GcOverview> {
  const olderThanMs = findDuration(olderThan);
  if (olderThanMs === undefined) {
    throw new IgneousError("usage", `'${olderThan}' is not a time; wanted hours, days or weeks`, {
      hint: "write it like: igneous gc --older-than 7d",
    });
  }
  const project = await loadProject(folder);
  const { regions, ssmParameter } = requirePublish(project);
  const lock = await readLock(folder);
  const imageBuilder = findImageBuilder(lock, project.loaded.spec.imageBuilder !== undefined, regions[0]);
  return planGarbage(context, {
    specName: lock.name,
    builds: publishedBuilds(lock),
    regions,
    ...(ssmParameter === undefined ? {} : { ssmParameter }),
    ...(imageBuilder === undefined ? {} : { imageBuilder }),
    keep,
    olderThanMs,
  });
}

export function applyProjectGc(context: Context, plan: GcOverview): Promise<GcResult> {
  return applyGc(context, plan);
}

/** Where each build of a project's lock is published, and whether it is still there. */
export async function projectStatus(context: Context, folder: string): Promise<readonly BuildStatus[]> {
  return status(context, { builds: publishedBuilds(await readLock(folder)) });
}

export interface PolicyOptions {
  /** An s3:// target: the policy of the command with `--ostree`. */
  readonly ostree: string | undefined;
  /** That of this machine when not given; only `packer` wants to know. */
  readonly packerVersion: string | undefined;
}

/** The policy of a command for a project. */
export async function projectPolicy(
  context: Context,
  folder: string,
  command: string,
  { ostree, packerVersion }: PolicyOptions,
): Promise<Policy> {
  if (ostree !== undefined) return ostreePolicy(command, ostree);
  requirePolicyCommand(command);
  const project = await loadProject(folder);
  const specName = project.loaded.spec.name;
  if (command === "lock") return lockPolicy(project);
  if (command === "packer") return packerProjectPolicy(context, project, packerVersion);
  if (command === "rollout") return renderRolloutPolicy(specName, requireRollout(project));
  if (command === "imagebuilder")
    return imageBuilderPolicy(specName, requirePublish(project), requireImageBuilder(project));
  return renderIamPolicy({ command, specName, publish: requirePublish(project) });
}

function lockPolicy({ loaded, wanted }: Project): Policy {
  const repositories = wanted.references.flatMap((text) => {
    const reference = parseReference(text);
    return reference.kind === "registry" ? [`${reference.registry}/${reference.repository}`] : [];
  });
  const Statement = lockStatements({ amis: askedSourceAmis(loaded.spec), repositories });
  if (Statement.length > 0) return { Version: "2012-10-17", Statement };
  throw new IgneousError("usage", "locking this spec asks AWS nothing", { hint: "give it no credentials" });
}

function ostreePolicy(command: string, target: string): Policy {
  const place = findS3Target(target);
  if (place === undefined || (command !== "publish" && command !== "gc")) {
    throw new IgneousError("usage", "only publish and gc have a policy for a bucket", {
      hint: "write it like: igneous iam-policy publish --ostree s3://BUCKET/PREFIX",
    });
  }
  return { Version: "2012-10-17", Statement: ostreeStatements(command, place) };
}

/** Compares what is published of a build with its disk and the spec. */
export async function verifyProjectRemote(
  context: Context,
  folder: string,
  prefix: string | undefined,
): Promise<RemoteCheck & { readonly build: string }> {
  const project = await loadProject(folder);
  const lock = await readLock(folder);
  const build = findBuild(lock, prefix);
  const short = shortDigest(build.id);
  const uploaded = (build.amis ?? []).filter(({ blocks }) => blocks !== undefined);
  if (uploaded.length === 0) {
    throw new IgneousError("build-unknown", `the disk of build ${short} is not published`, {
      hint: `run: igneous publish ${short}`,
    });
  }
  const request = await publishRequest(project, lock, build, undefined);
  return { build: short, ...(await verifyRemote(context, { build: request, amis: uploaded })) };
}

/** Where Image Builder works and what the lock names of it; nothing is asked of those who never used it. */
function findImageBuilder(
  lock: Lock,
  isWanted: boolean,
  region: string | undefined,
): GcRequest["imageBuilder"] {
  const made = lock.builds.flatMap(({ imageBuilder }) => imageBuilder ?? []);
  if (region === undefined || (!isWanted && made.length === 0)) return undefined;
  return {
    region,
    arns: made.flatMap(({ image, pipeline }) => [image, ...(pipeline === undefined ? [] : [pipeline])]),
  };
}

function publishedBuilds(lock: Lock) {
  return lock.builds.map(({ id, amis }) => ({ buildId: id, amis: amis ?? [] }));
}
