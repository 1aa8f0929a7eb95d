import { unpackedBytes } from "../base/room.ts";
import { openToolsRoot, runInTools } from "../base/tools.ts";
import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { findBytes } from "../core/units.ts";
import { buildDisk, type DiskInput, diskStep } from "../disk/build.ts";
import { withRoom } from "../host/room.ts";
import type { Lock } from "../lock/schema.ts";
import type { Repo } from "../ostree/repo.ts";
import type { Commits } from "./bake.ts";
import { importedBytes } from "./bake-images.ts";
import type { BakePlan } from "./bake-plan.ts";
import { differs } from "./bake-record.ts";
import { type BuildState, findBuildState, writeBuildState } from "./build-folder.ts";
import { hasLabels } from "./label-tree.ts";
import type { Project } from "./project.ts";
import { type ImageConfiguration, kernelArgumentsOf } from "./templates.ts";

/** Makes the disk image of a build, unless it lies there as it was made. */
export async function makeDisk(
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
    // The content twice, as the sysroot from which the image is filled and in the image; a predecessor shares most of it.
    const copies = predecessorCommit === null ? 2.1 : 2.5;
    const bytes = copies * (importedBytes(lock.images) + unpackedBytes(lock.base.packages));
    const demand = { folder: plan.folder.path, bytes, what: "making the disk image" };
    const { sha256 } = await withRoom([demand], () =>
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
  const { name, disk } = project.loaded.spec;
  const sizeBytes = disk.size === undefined ? undefined : findBytes(disk.size);
  return {
    repo: repo.path,
    hostCommit: build.hostCommit,
    ...(build.predecessorCommit === null ? {} : { predecessor: build.predecessorCommit }),
    name,
    kernelArguments: kernelArgumentsOf(project, build.configuration),
    isLabelled: hasLabels(project),
    buildId: build.id,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}
