import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { checkAlsoOnEc2, checkBoot, removeStaleMachines } from "../disk/boot-check.ts";
import { type BootReport, renderFailures } from "../disk/boot-report.ts";
import { writeAtomic } from "../host/files.ts";
import { movePath, removeTree } from "../host/folders.ts";
import type { Repo } from "../ostree/repo.ts";
import type { Commits } from "./bake.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { CheckSummary } from "./bake-result.ts";
import { bootInput } from "./boot-input.ts";
import type { BuildState } from "./build-folder.ts";
import { bootedOnEc2, findReport, rememberReport } from "./build-report.ts";
import type { Project } from "./project.ts";

interface Checked {
  readonly state: BuildState;
  readonly check: CheckSummary | null;
}

/**
 * Boots the disk on an overlay and checks it. A check that fails puts the disk aside as `*.failed` and ends the bake; a
 * disk that passed before is not booted again.
 */
export async function checkBuild(
  context: Context,
  project: Project,
  repo: Repo,
  build: {
    readonly plan: BakePlan;
    readonly commits: Commits;
    /** The Ignition config of the machine that is booted. */
    readonly launch: string;
    readonly state: BuildState;
  },
): Promise<Checked> {
  const { plan, commits, launch, state } = build;
  const { folder } = plan;
  await writeAtomic(folder.launch, launch);
  await removeStaleMachines(folder.path);
  if (!plan.bootTest) return { state, check: null };
  const input = await bootInput(context, project, repo, {
    folder,
    hostCommit: commits.host,
    predecessorCommit: state.predecessorCommit,
    diskBytes: state.disk.size,
    becomesAmi: plan.becomesAmi,
  });
  const known = await findReport(folder, state);
  if (known !== undefined && (!plan.becomesAmi || bootedOnEc2(known))) {
    return runStep(context, "boot check", "boot check", async () => {
      return { value: { state, check: summarize(known, folder.report) }, outcome: "unchanged" };
    });
  }
  const report = await (known === undefined
    ? checkBoot(context, input)
    : checkAlsoOnEc2(context, input, known));
  if (!report.passed) throw await putAside(plan, report);
  return { state: await rememberReport(folder, state, report), check: summarize(report, folder.report) };
}

/** Sets a disk that failed aside, and tells what it failed. */
export async function putAside(
  plan: Pick<BakePlan, "folder" | "id">,
  report: BootReport,
): Promise<IgneousError> {
  const { folder, id } = plan;
  await removeTree(`${folder.disk}.failed`);
  await movePath(folder.disk, `${folder.disk}.failed`);
  const count = report.checks.filter(({ passed }) => !passed).length;
  const message = `${count} checks of build ${shortDigest(id)} failed\n${renderFailures(report)}`;
  const hint = `see ${folder.report} and ${join(folder.path, "serial.log")}; the disk is ${folder.disk}.failed`;
  return new IgneousError("check-failed", message, { hint });
}

function summarize(report: BootReport, path: string): CheckSummary {
  const { checks, boots } = report;
  const seconds = boots.reduce((sum, { running }) => sum + running, 0);
  return { passed: checks.filter(({ passed }) => passed).length, boots: boots.length, seconds, report: path };
}
