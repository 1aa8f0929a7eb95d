import { join } from "node:path";
import { composeBase } from "../base/compose.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { needMachineTools } from "../disk/machine.ts";
import type { Lock } from "../lock/schema.ts";
import { removeIfEmpty } from "../host/folders.ts";
import { withProject } from "../lock/file.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { committedTree } from "./base-tree.ts";
import { digestBlocks } from "./bake-blocks.ts";
import { checkBuild } from "./bake-check.ts";
import { makeDisk } from "./bake-disk.ts";
import { commitHost } from "./bake-host.ts";
import { importImages } from "./bake-images.ts";
import { commitPayload, type Payload } from "./bake-payload.ts";
import { type BakeOptions, type BakePlan, planBake, requirePredecessor } from "./bake-plan.ts";
import { recordBuild, requireRecorded } from "./bake-record.ts";
import { checkDowngrades, emitWarnings } from "./bake-warnings.ts";
import { type BakeResult, bakeResult } from "./bake-result.ts";
import { committedShape } from "./committed-shape.ts";
import { hasLabels } from "./label-tree.ts";
import { loadProject, type Project, requireLock } from "./project.ts";
import { requireAccount } from "./publish-project.ts";
import { requirePublish } from "./publish-section.ts";
import { type ImageConfiguration, renderTemplates } from "./templates.ts";

/** The commits of a build. */
export interface Commits {
  readonly base: CommitChecksum;
  readonly payload: CommitChecksum;
  readonly host: CommitChecksum;
}

/** What a bake would do. Reads the spec, its templates and the lock, and nothing else. */
export async function planProjectBake(folder: string, options: BakeOptions): Promise<BakePlan> {
  const project = await loadProject(folder);
  if (options.builder === "direct") requirePublish(project);
  renderTemplates(project);
  return planBake(project, await requireLock(project), options);
}

/**
 * Makes the image of a project from its lock: images and base into commits, commits into a disk, the disk booted and
 * checked, the outputs into the lock. What an earlier run finished is not done again.
 */
export async function bake(context: Context, folder: string, options: BakeOptions): Promise<BakeResult> {
  const project = await loadProject(folder);
  if (options.builder === "direct") requirePublish(project);
  const { configuration, launch, warnings } = renderTemplates(project);
  if (options.builder === "direct") await requireAccount(context, project, options.regions);
  return withProject(context, folder, async () => {
    const lock = await requireLock(project, committedShape(context, folder));
    const plan = await planBake(project, lock, options);
    const repo = await openRepo(context, join(folder, ".igneous", "repo"));
    const predecessorCommit = requirePredecessor(plan, repo);
    // Found out now, not when all the rest is done.
    if (plan.bootTest) await needMachineTools(context);
    emitWarnings(context, [...project.warnings, ...warnings]);
    await checkDowngrades(context, project, repo, plan.predecessor);
    const images = await importImages(context, project, repo, lock.images);
    const payload = await commitPayload(context, project, lock, repo, { id: plan.id, images });
    const commits = await commitBuild(context, project, lock, repo, { plan, payload, configuration });
    requireRecorded(plan, commits);
    const parts = { plan, commits, configuration, predecessorCommit };
    const state = await makeDisk(context, project, lock, repo, parts).catch(async (error: unknown) => {
      if (options.out === undefined) await removeIfEmpty(plan.folder.path);
      throw error;
    });
    if (plan.becomesAmi) await digestBlocks(context, plan, state);
    const { state: checked, check } = await checkBuild(context, project, repo, {
      plan,
      commits,
      launch,
      state,
    });
    const isNews = await recordBuild(context, project, lock, { plan, commits, state: checked });
    return bakeResult(
      project.preload.map(({ name }) => name),
      lock,
      { plan, commits, state: checked, payload, check, isNews },
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
    labels: hasLabels(project) ? { lock, mirror: project.loaded.spec.base.debian.mirror } : undefined,
  });
  return { base, payload: payload.commit, host };
}
