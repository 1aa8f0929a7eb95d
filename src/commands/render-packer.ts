import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { probeAccelerator } from "../disk/accelerator.ts";
import { makeKey } from "../disk/guest.ts";
import { now } from "../host/clock.ts";
import { readText, sizeOf, writeAtomic } from "../host/files.ts";
import { ensureFolder, makeFolder, movePath, removeTree } from "../host/folders.ts";
import { withProject } from "../lock/file.ts";
import type { Lock } from "../lock/schema.ts";
import { commitTree } from "../ostree/commit.ts";
import { matchDirectories } from "../ostree/matched-tree.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { type Commits, commitBuild } from "./bake.ts";
import { requireRecorded } from "./bake-record.ts";
import { emitWarnings } from "./bake-warnings.ts";
import { importImages } from "./bake-images.ts";
import { commitPayload } from "./bake-payload.ts";
import { type BakePlan, planBake, requirePredecessor } from "./bake-plan.ts";
import { copySparse, makeBaseDisk, placeFile } from "./packer-base.ts";
import { findPackerKind, type PackerKind } from "../packer/version.ts";
import { choosePackerSources, renderPackerTemplates, writePackerFiles } from "./packer-folder.ts";
import {
  amazonVariables,
  buildVariables,
  type PackerSource,
  qemuVariables,
  unmetByPacker,
} from "./packer-variables.ts";
import { packerBase } from "./asked-source-amis.ts";
import { lockedSourceAmi } from "./source-amis.ts";
import { refuseLabels } from "./label-tree.ts";
import { type PayloadArchive, keepPayload } from "./payload-archive.ts";
import { loadProject, type Project, requireLock } from "./project.ts";
import { committedTree } from "./base-tree.ts";
import { type ImageConfiguration, kernelArgumentsOf, renderTemplates } from "./templates.ts";

export interface RenderPackerOptions {
  readonly out: string;
  readonly only: PackerSource | undefined;
  /** Version of the Packer that will read the folder; that of this machine when not given. */
  readonly packerVersion: string | undefined;
}

export interface RenderedPacker {
  readonly packerVersion: string;
  /** It names plugins, which packer init fetches. */
  readonly plugins: boolean;
  readonly folder: string;
  readonly sources: readonly PackerSource[];
  readonly payload: { readonly sha256: string; readonly size: number; readonly commit: string };
}

/** A project, brought as far as every builder needs it: all its commits are in the repo. */
export interface CommittedProject {
  readonly project: Project;
  readonly lock: Lock;
  readonly repo: Repo;
  readonly plan: BakePlan;
  readonly commits: Commits;
  readonly configuration: ImageConfiguration | undefined;
  /** The Ignition config of a machine of the boot check. */
  readonly launch: string;
}

/** Renders the folder that `packer build` takes as it is. */
export async function renderPacker(
  context: Context,
  folder: string,
  options: RenderPackerOptions,
): Promise<RenderedPacker> {
  const project = await loadProject(folder);
  const sources = choosePackerSources(project, options.only);
  const packer = await findPackerKind(context, options.packerVersion);
  // A wrong template is found out now, not when all the rest is done.
  await renderPackerTemplates(project, { sources, packer });
  return withProject(context, folder, async () => {
    const committed = await commitProject(context, project);
    return renderCommitted(context, committed, { ...options, packer });
  });
}

/** Images, payload, base and host tree into the repo; what is there already is not made again. */
export async function commitProject(context: Context, project: Project): Promise<CommittedProject> {
  refuseLabels(project);
  const { configuration, launch, warnings } = renderTemplates(project);
  const lock = await requireLock(project);
  const plan = await planBake(project, lock, { builder: "qemu", out: undefined, bootTest: true });
  emitWarnings(context, [...project.warnings, ...warnings]);
  const repo = await openRepo(context, join(project.folder, ".igneous", "repo"));
  const images = await importImages(context, project, repo, lock.images);
  const payload = await commitPayload(context, project, lock, repo, { id: plan.id, images });
  const commits = await commitBuild(context, project, lock, repo, { plan, payload, configuration });
  requireRecorded(plan, commits);
  return { project, lock, repo, plan, commits, configuration, launch };
}

/** The archive that `apply` turns a machine into this build with. */
export async function writeProjectPayload(
  context: Context,
  committed: CommittedProject,
  path: string,
): Promise<PayloadArchive> {
  const { lock, repo, plan, commits, configuration } = committed;
  const kernelArguments = kernelArgumentsOf(committed.project, configuration);
  const predecessor = requirePredecessor(plan, repo);
  const added = configuration?.layOver(committedTree(repo, commits.payload, commits.base)).added;
  const tree =
    added === undefined
      ? undefined
      : await commitTree(context, repo, matchDirectories(repo, commits.host, added), {
          subject: `configuration of ${lock.name}`,
        });
  const kept = await keepPayload(
    context,
    repo,
    {
      buildId: plan.id,
      version: `${lock.name} ${shortDigest(plan.id)}`,
      ...commits,
      configuration: tree,
      predecessor: predecessor === null ? undefined : (String(predecessor) as CommitChecksum),
      kernelArguments,
    },
    join(committed.project.folder, ".igneous", "payload"),
  );
  await copySparse(context, kept.path, path);
  return { ...kept, path };
}

export async function renderCommitted(
  context: Context,
  committed: CommittedProject,
  { out, only, packer }: Pick<RenderPackerOptions, "out" | "only"> & { readonly packer: PackerKind },
): Promise<RenderedPacker> {
  const { project, lock, repo, plan, commits } = committed;
  const sources = choosePackerSources(project, only);
  const { spec } = project.loaded;
  await removeTree(join(out, "output"));
  await ensureFolder(join(out, "payload"));
  const payload = await writeProjectPayload(context, committed, join(out, "payload/payload.tar.gz"));
  const base = sources.includes("qemu")
    ? await makeBaseDisk(
        context,
        project,
        lock,
        repo,
        commits.base,
        kernelArgumentsOf(committed.project, committed.configuration),
      )
    : undefined;
  return runStep(context, "render", "render the Packer templates", async () => {
    // Empty until somebody signs.
    for (const name of ["payload.tar.gz.sig", "allowed_signers"])
      await writeAtomic(join(out, "payload", name), "");
    const { version: packerVersion, isModern } = packer;
    const unmet = sources.includes("amazon-ebs") ? unmetByPacker(spec, isModern) : [];
    if (unmet.length > 0) {
      const message = `Packer ${packerVersion} does not do ${unmet.join(", ")} of the spec`;
      const hint =
        "do it to the AMI afterwards, or publish the same build with: igneous bake --builder direct";
      context.emit({ type: "warning", message, hint });
    }
    if (base !== undefined) await placeFile(context, base.path, join(out, "base.img"));
    await writeAccess(context, out);
    const variables = {
      ...buildVariables(payload),
      ...(base === undefined ? {} : qemuVariables(spec, base, await probeAccelerator(context))),
      ...(sources.includes("amazon-ebs")
        ? amazonVariables(spec, lockedSourceAmi(lock, packerBase(spec)), plan.id, isModern, now())
        : {}),
    };
    await writePackerFiles(project, out, { sources, packer, variables });
    const { sha256, size } = payload;
    const written = { sha256, size, commit: commits.payload };
    return { value: { packerVersion, plugins: isModern, folder: out, sources, payload: written }, note: out };
  });
}

/** The key of this folder, and the Ignition config that lets it in. */
async function writeAccess(context: Context, out: string): Promise<void> {
  const key = join(out, "access.key");
  if ((await sizeOf(key)) !== undefined && (await sizeOf(join(out, "access.ign"))) !== undefined) return;
  const folder = await makeFolder(out, ".key-");
  try {
    const made = await makeKey(context, folder);
    const publicKey = (await readText(`${made}.pub`)).trim();
    const users = [{ name: "root", sshAuthorizedKeys: [publicKey] }];
    const config = { ignition: { version: "3.3.0" }, passwd: { users } };
    await movePath(made, key);
    await writeAtomic(join(out, "access.ign"), JSON.stringify(config));
  } finally {
    await removeTree(folder);
  }
}
