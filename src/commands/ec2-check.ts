import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { checkAlsoOnEc2 } from "../disk/boot-check.ts";
import type { BootReport } from "../disk/boot-report.ts";
import { writeAtomic } from "../host/files.ts";
import { readLock, withProject, writeLock } from "../lock/file.ts";
import type { LockedBuild } from "../lock/schema.ts";
import { hasCommit } from "../ostree/object-read.ts";
import { openRepo } from "../ostree/repo.ts";
import { putAside } from "./bake-check.ts";
import { checked } from "./bake-record.ts";
import { bootInput } from "./boot-input.ts";
import { type BuildFolder, type BuildState, findBuildState, writeBuildState } from "./build-folder.ts";
import { bootedOnEc2, findReport, rememberReport } from "./build-report.ts";
import type { Project } from "./project.ts";
import { renderTemplates } from "./templates.ts";

/** Of a disk that was baked without a boot check. */
const nothingSeen: BootReport = {
  schemaVersion: 1,
  passed: true,
  accelerator: "tcg",
  slowness: 1,
  panics: 0,
  boots: [],
  checks: [],
};

/**
 * Boots a disk as EC2 boots it before it becomes an AMI, unless its bake did, and records that. A disk that fails is put
 * aside, as in a bake.
 */
export async function ensureEc2Boot(
  context: Context,
  project: Project,
  build: LockedBuild,
  { folder, disk }: { readonly folder: BuildFolder; readonly disk: { readonly sha256: string } },
): Promise<void> {
  const known = await findBuildState(folder, build.id);
  const report = await findReport(folder, known);
  if (report !== undefined && bootedOnEc2(report)) return;
  const repo = await openRepo(context, join(project.folder, ".igneous", "repo"));
  if (!hasCommit(repo, build.hostCommit)) {
    const message = `build ${shortDigest(build.id)} was never booted as EC2 boots it, and its commit is not here to check against`;
    throw new IgneousError("ref-not-found", message, {
      hint: "run 'igneous bake' first, or publish it unchecked with --no-boot-test",
    });
  }
  const state: BuildState = known ?? (await stateOf(folder, build, disk.sha256));
  await writeAtomic(folder.launch, renderTemplates(project).launch);
  const input = await bootInput(context, project, repo, {
    folder,
    hostCommit: build.hostCommit,
    predecessorCommit: null,
    diskBytes: state.disk.size,
    becomesAmi: true,
  });
  const seen = await checkAlsoOnEc2(context, input, report ?? nothingSeen);
  if (!seen.passed) throw await putAside({ folder, id: build.id }, seen);
  const now = await rememberReport(folder, state, seen);
  await withProject(context, project.folder, async () => {
    const lock = await readLock(project.folder);
    const builds = lock.builds.map((each) =>
      each.id === build.id ? { ...each, ...checked(each, now) } : each,
    );
    await writeLock(project.folder, { ...lock, builds });
  });
}

/** For a disk that was copied here: what its bake would have written down. */
function stateOf(folder: BuildFolder, build: LockedBuild, sha256: string): Promise<BuildState> {
  return writeBuildState(folder, {
    id: build.id,
    predecessorCommit: null,
    hostCommit: build.hostCommit,
    disk: { sha256 },
    report: null,
  });
}
