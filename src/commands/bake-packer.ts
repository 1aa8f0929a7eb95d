import { join } from "node:path";
import { describeAmis } from "../aws/packer-amis.ts";
import { askAccount } from "../aws/inventory.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { now } from "../host/clock.ts";
import { findText } from "../host/files.ts";
import { movePath, removeTree } from "../host/folders.ts";
import { sha256Sparse } from "../host/sparse.ts";
import { withProject } from "../lock/file.ts";
import type { PackerOutputs } from "../lock/schema.ts";
import { type PackerOutputs as Made, parsePackerManifest } from "../packer/manifest.ts";
import { buildWithPacker, validatePacker } from "../packer/run.ts";
import { findTraces } from "../packer/traces.ts";
import { findPackerKind } from "../packer/version.ts";
import { checkBuild } from "./bake-check.ts";
import { requirePredecessor } from "./bake-plan.ts";
import type { CheckSummary } from "./bake-result.ts";
import { type BuildFolder, buildFolder, writeBuildState } from "./build-folder.ts";
import { choosePackerSources, renderPackerTemplates } from "./packer-folder.ts";
import { reportLeftovers } from "./packer-failure.ts";
import { fetchPackerPlugins, usedPackerPlugins } from "./packer-plugins.ts";
import { recordPacker } from "./packer-record.ts";
import type { PackerSource } from "./packer-variables.ts";
import { loadProject, type Project, requireLock } from "./project.ts";
import { type CommittedProject, commitProject, renderCommitted } from "./render-packer.ts";
import { renderTemplates } from "./templates.ts";

export interface PackerBakeOptions {
  readonly only: PackerSource | undefined;
  readonly out: string | undefined;
  readonly bootTest: boolean;
}

export interface PackerBakeResult {
  readonly build: string;
  readonly id: string;
  readonly payloadCommit: string;
  readonly hostCommit: string;
  readonly outputs: PackerOutputs;
  readonly disk: string | null;
  readonly check: CheckSummary | null;
  readonly log: string;
}

/**
 * Lets Packer make the image: renders, validates, builds, boots and checks the disk that its source qemu made, and records
 * all of it. When Packer fails or is stopped, AWS is asked what it left there.
 */
export async function bakeWithPacker(
  context: Context,
  folder: string,
  options: PackerBakeOptions,
): Promise<PackerBakeResult> {
  const project = await loadProject(folder);
  const sources = choosePackerSources(project, options.only);
  const packer = await findPackerKind(context, undefined);
  const templates = await renderPackerTemplates(project, { sources, packer });
  const region = packerRegion(project);
  if (sources.includes("amazon-ebs") && region !== undefined) {
    renderTemplates(project);
    await requireLock(project);
    // Credentials that are missing are found out now, not after minutes of work.
    await askAccount(openAws(context), region);
  }
  if (packer.isModern) await fetchPackerPlugins(context, templates);
  return withProject(context, folder, async () => {
    const committed = await commitProject(context, project);
    const { plan, commits } = committed;
    const out = options.out ?? join(buildFolder(folder, plan.id, undefined).path, "packer");
    const files = buildFolder(folder, plan.id, out);
    const rendered = await renderCommitted(context, committed, { out, only: options.only, packer });
    await validatePacker(context, out);
    const log = join(out, "packer.log");
    const made = await build(context, committed, { out, log, sources: rendered.sources });
    const disk = made.qemu ? await takeDisk(context, committed, files, options.bootTest) : undefined;
    const outputs: PackerOutputs = {
      packer: packer.version,
      ...(packer.isModern ? { plugins: await usedPackerPlugins(context, sources) } : {}),
      ...(disk === undefined ? {} : disk.outputs),
      ...(made.sourceAmi === undefined ? {} : { sourceAmi: made.sourceAmi }),
      ...(made.amis.length === 0 ? {} : { amis: [...made.amis] }),
      createdAt: now().toISOString(),
    };
    const amis = made.amis.length === 0 ? [] : await describeAmis(context, openAws(context), made.amis);
    await recordPacker(context, committed, outputs, amis);
    return {
      build: shortDigest(plan.id),
      id: plan.id,
      payloadCommit: commits.payload,
      hostCommit: commits.host,
      outputs,
      disk: made.qemu ? files.disk : null,
      check: disk?.check ?? null,
      log,
    };
  });
}

async function build(
  context: Context,
  { project, plan }: CommittedProject,
  run: { readonly out: string; readonly log: string; readonly sources: readonly PackerSource[] },
): Promise<Made & { readonly sourceAmi: string | undefined }> {
  const { out, log, sources } = run;
  const region = packerRegion(project);
  return runStep(context, "packer", `packer build (${sources.join(", ")})`, async () => {
    await removeTree(join(out, "manifest.json"));
    let done = 0;
    const result = await buildWithPacker(context, {
      folder: out,
      only: sources,
      log,
      onNews: (note) =>
        context.emit({ type: "step-progress", step: "packer", done: ++done, unit: "items", note }),
    });
    if (result.failure !== undefined) {
      if (sources.includes("amazon-ebs") && region !== undefined)
        await reportLeftovers(context, { buildId: plan.id, region, traces: findTraces(result.lines) });
      throw result.failure;
    }
    const made = parsePackerManifest((await findText(join(out, "manifest.json"))) ?? "{}");
    return { value: { ...made, sourceAmi: findTraces(result.lines).sourceAmi }, note: log };
  });
}

function packerRegion({ loaded }: Project): string | undefined {
  const { packer, publish } = loaded.spec;
  return packer?.amazon?.region ?? publish?.regions[0];
}

/** The disk that Packer made becomes one like those of `bake`, which `igneous boot --out` takes, and is checked alike. */
async function takeDisk(
  context: Context,
  committed: CommittedProject,
  files: BuildFolder,
  bootTest: boolean,
): Promise<{ readonly outputs: Partial<PackerOutputs>; readonly check: CheckSummary | null }> {
  const { project, repo, plan, commits, launch } = committed;
  await movePath(join(files.path, "output/qemu/disk.img"), files.disk);
  const state = await writeBuildState(files, {
    id: plan.id,
    predecessorCommit: requirePredecessor(plan, repo),
    hostCommit: commits.host,
    disk: { sha256: await sha256Sparse(context, files.disk) },
    report: null,
  });
  const checked = await checkBuild(context, project, repo, {
    plan: { ...plan, folder: files, bootTest },
    commits,
    launch,
    state,
  });
  const { sha256, size } = state.disk;
  const { report } = checked.state;
  const disk = { sha256: sha256 as NonNullable<PackerOutputs["disk"]>["sha256"], size };
  return { outputs: { disk, ...(report === null ? {} : { report }) }, check: checked.check };
}
