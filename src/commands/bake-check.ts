import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { digestOf, shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { findBytes } from "../core/units.ts";
import { checkBoot, type Deployment, removeStaleMachines } from "../disk/boot-check.ts";
import { type BootReport, renderFailures, type StateCheck } from "../disk/boot-report.ts";
import { findText, readText, writeAtomic } from "../host/files.ts";
import { movePath, removeTree } from "../host/folders.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { readTreeFile } from "../ostree/tree-read.ts";
import type { Commits } from "./bake.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { CheckSummary } from "./bake-result.ts";
import { type BuildState, writeBuildState } from "./build-folder.ts";
import { parseChecks, parseManifest } from "./node-documents.ts";
import { checksPath, manifestPath } from "./payload.ts";
import type { Project } from "./project.ts";
import { renderLaunchTemplate } from "./templates.ts";

interface Checked {
  readonly state: BuildState;
  readonly check: CheckSummary | null;
}

/** Room that the checked machine has beyond the image, so that it can be seen that the root file system grows into it. */
const growBytes = 2 ** 31;

/**
 * Boots the disk on an overlay and checks it. A check that fails puts the disk aside as `*.failed` and ends the bake; a
 * disk that passed before is not booted again.
 */
export async function checkBuild(
  context: Context,
  project: Project,
  repo: Repo,
  build: { readonly plan: BakePlan; readonly commits: Commits; readonly state: BuildState },
): Promise<Checked> {
  const { plan, state } = build;
  const { folder } = plan;
  const { roles } = project.loaded.spec.bootTest;
  await writeAtomic(folder.launch, renderLaunchTemplate(project, { roles }));
  await removeStaleMachines(folder.path);
  if (!plan.bootTest) return { state, check: null };
  const known = await findText(folder.report);
  if (known !== undefined && state.report === digestOf(known)) {
    return runStep(context, "boot check", "boot check", async () => {
      return { value: { state, check: summarize(JSON.parse(known), folder.report) }, outcome: "unchanged" };
    });
  }
  const report = await bootReport(context, project, repo, build);
  if (!report.passed) throw await putAside(plan, report);
  const written = { ...state, report: digestOf(await readText(folder.report)) };
  return { state: await writeBuildState(folder, written), check: summarize(report, folder.report) };
}

async function bootReport(
  context: Context,
  project: Project,
  repo: Repo,
  {
    plan,
    commits,
    state,
  }: { readonly plan: BakePlan; readonly commits: Commits; readonly state: BuildState },
): Promise<BootReport> {
  const { roles, memory, cpus } = project.loaded.spec.bootTest;
  const deployment = (commit: string): Promise<Deployment> => readDeployment(context, repo, commit, roles);
  const previous = state.predecessorCommit;
  return checkBoot(context, {
    disk: plan.folder.disk,
    diskBytes: state.disk.size + growBytes,
    memoryBytes: findBytes(memory) ?? 2 ** 31,
    cpus,
    ignition: plan.folder.launch,
    host: await deployment(commits.host),
    ...(previous === null ? {} : { predecessor: await deployment(previous) }),
    state: roles.some((role) => role === "etcd" || role === "control-plane") ? [etcdState] : [],
    folder: plan.folder.path,
  });
}

// Root's login has a runtime folder of its own, where crun would look for the container.
const etcdctl =
  "crun --root=/run/crun exec etcd etcdctl --cacert=/pki/ca.crt --cert=/pki/server.crt --key=/pki/server.key";

/** A key that the first boot writes and every later one must find. */
const etcdState: StateCheck = {
  name: "etcd-keeps-its-data",
  write: `${etcdctl} put igneous/boot-check first`,
  read: {
    name: "etcd-keeps-its-data",
    command: `${etcdctl} get --print-value-only igneous/boot-check`,
    expect: { contains: "first" },
    wait: 60,
  },
};

/** What a deployment must hold and answer, by its own documents: those of a predecessor may be others than today's. */
export async function readDeployment(
  context: Context,
  repo: Repo,
  commit: string,
  roles: readonly string[],
): Promise<Deployment> {
  const read = async (path: string): Promise<string> =>
    Buffer.from(await readTreeFile(context, repo, commit as CommitChecksum, path)).toString("utf8");
  const { containers } = parseManifest(await read(manifestPath));
  return { commit, containers, checks: parseChecks(await read(checksPath), roles) };
}

async function putAside(plan: BakePlan, report: BootReport): Promise<IgneousError> {
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
