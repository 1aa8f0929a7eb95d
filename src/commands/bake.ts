import { composeBase } from "../base/compose.ts";
import { unpackedBytes } from "../base/room.ts";
import { openToolsRoot, runInTools } from "../base/tools.ts";
import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { findBytes } from "../core/units.ts";
import { buildDisk, type DiskInput, diskStep } from "../disk/build.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { withRoom } from "../host/room.ts";
import type { Lock } from "../lock/schema.ts";
import { withProject } from "../lock/file.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { committedTree } from "./base-tree.ts";
import { checkBuild } from "./bake-check.ts";
import { commitHost } from "./bake-host.ts";
import { importedBytes, importImages } from "./bake-images.ts";
import { commitPayload, type Payload } from "./bake-payload.ts";
import { type BakeOptions, type BakePlan, planBake, requirePredecessor } from "./bake-plan.ts";
import { recordBuild } from "./bake-record.ts";
import { checkDowngrades, emitWarnings } from "./bake-warnings.ts";
import { type BakeResult, bakeResult } from "./bake-result.ts";
import { type BuildState, findBuildState, writeBuildState } from "./build-folder.ts";
import { loadProject, type Project, requireLock } from "./project.ts";
import { type ImageConfiguration, renderImageTemplate } from "./templates.ts";

/** The commits of a build. */
export interface Commits {
  readonly base: CommitChecksum;
  readonly payload: CommitChecksum;
  readonly host: CommitChecksum;
}

/** What a bake would do. Reads the spec and the lock, and nothing else. */
export async function planProjectBake(folder: string, options: BakeOptions): Promise<BakePlan> {
  const project = await loadProject(folder);
  return planBake(project, await requireLock(project), options);
}

/**
 * Makes the image of a project from its lock: images and base into commits, commits into a disk, the disk booted and
 * checked, the outputs into the lock. What an earlier run finished is not done again.
 */
export async function bake(context: Context, folder: string, options: BakeOptions): Promise<BakeResult> {
  const project = await loadProject(folder);
  const configuration = renderImageTemplate(project);
  return withProject(context, folder, async () => {
    const lock = await requireLock(project);
    const plan = await planBake(project, lock, options);
    const repo = await openRepo(context, join(folder, ".igneous", "repo"));
    const predecessorCommit = requirePredecessor(plan, repo);
    emitWarnings(context, [...project.warnings, ...(configuration?.warnings ?? [])]);
    await checkDowngrades(context, project, repo, plan.predecessor);
    const images = await importImages(context, project, repo, lock.images);
    const payload = await commitPayload(context, project, lock, repo, { id: plan.id, images });
    const commits = await commitBuild(context, project, lock, repo, { plan, payload, configuration });
    requireRecorded(plan, commits);
    const state = await makeDisk(context, project, lock, repo, {
      plan,
      commits,
      configuration,
      predecessorCommit,
    });
    const { state: checked, check } = await checkBuild(context, project, repo, { plan, commits, state });
    await recordBuild(context, project, lock, { plan, commits, state: checked });
    return bakeResult(
      project.preload.map(({ name }) => name),
      lock,
      { plan, commits, state: checked, payload, check },
    );
  });
}

export async function commitBuild(
  context: Context,
  project: Project,
  lock: Lock,
  repo: Repo,
  parts: {
    readonly plan: BakePlan;
    readonly payload: Payload;
    readonly configuration: ImageConfiguration | undefined;
  },
): Promise<Commits> {
  const { plan, payload, configuration } = parts;
  const { commit: base } = await composeBase(
    context,
    repo,
    lock.base,
    project.loaded.spec.base.debian.mirror,
  );
  const short = shortDigest(plan.id);
  const laid = configuration?.layOver(committedTree(repo, payload.commit, base));
  const host = await commitHost(context, repo, {
    version: `${lock.name} ${short}`,
    ref: `igneous/host/${short}`,
    base,
    payload: payload.commit,
    overlays: laid === undefined ? [] : [...laid.removed, laid.added],
  });
  return { base, payload: payload.commit, host };
}

/** A build that the lock has already must come out as it was recorded: equal ids mean equal bytes. */
export function requireRecorded({ id, recorded }: BakePlan, commits: Commits): void {
  if (recorded === undefined) return;
  const pairs = [
    ["payload commit", recorded.payloadCommit, commits.payload],
    ["base commit", recorded.baseCommit, commits.base],
    ["host commit", recorded.hostCommit, commits.host],
  ] as const;
  for (const [what, wanted, made] of pairs)
    if (String(wanted) !== made) throw differs(id, what, wanted, made);
}

function differs(id: BakePlan["id"], what: string, wanted: string, made: string): IgneousError {
  const message = `the ${what} of build ${shortDigest(id)} is ${made}; the lock records ${wanted}`;
  return new IgneousError("build-differs", message, {
    hint: "bake with the igneous that baked it first, or change the spec for a build of its own",
  });
}

async function makeDisk(
  context: Context,
  project: Project,
  lock: Lock,
  repo: Repo,
  parts: {
    readonly plan: BakePlan;
    readonly commits: Commits;
    readonly configuration: ImageConfiguration | undefined;
    readonly predecessorCommit: Sha256Hex | null;
  },
): Promise<BuildState> {
  const { plan, commits, configuration, predecessorCommit } = parts;
  const title = "make the disk image";
  return runStep(context, diskStep, title, async () => {
    const there = await findBuildState(plan.folder, plan.id);
    if (there?.hostCommit === commits.host && there.predecessorCommit === predecessorCommit) {
      return { value: there, outcome: "unchanged", note: plan.folder.disk };
    }
    const { mirror } = project.loaded.spec.base.debian;
    const tools = await openToolsRoot(context, lock.base, mirror);
    const input = diskInput(project, repo, {
      id: plan.id,
      hostCommit: commits.host,
      predecessorCommit,
      configuration,
    });
    // The content twice: as the sysroot from which the image is filled, and in the image.
    const bytes = 2.1 * (importedBytes(lock.images) + unpackedBytes(lock.base.packages));
    const demand = { folder: plan.folder.path, bytes, what: "making the disk image" };
    const { sha256 } = await withRoom(demand, () =>
      buildDisk(context, (argv, run) => runInTools(context, tools, argv, run), {
        ...input,
        out: plan.folder.disk,
      }),
    );
    const recorded = plan.recorded?.disk?.sha256;
    if (recorded !== undefined && recorded !== sha256)
      throw differs(plan.id, "disk's sha256", recorded, sha256);
    const state = {
      id: plan.id,
      predecessorCommit,
      hostCommit: commits.host,
      disk: { sha256 },
      report: null,
    };
    return { value: await writeBuildState(plan.folder, state), note: plan.folder.disk };
  });
}

/** What a disk is made of, besides where it goes. */
export function diskInput(
  project: Project,
  repo: Repo,
  build: {
    readonly id: string;
    readonly hostCommit: string;
    readonly predecessorCommit: string | null;
    readonly configuration: ImageConfiguration | undefined;
  },
): Omit<DiskInput, "out"> {
  const { kernelArguments, disk } = project.loaded.spec;
  const sizeBytes = disk.size === undefined ? undefined : findBytes(disk.size);
  return {
    repo: repo.path,
    hostCommit: build.hostCommit,
    ...(build.predecessorCommit === null ? {} : { predecessor: build.predecessorCommit }),
    kernelArguments: build.configuration?.kernelArguments(kernelArguments) ?? kernelArguments,
    buildId: build.id,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}
