import { join } from "node:path";
import type { LocalFile } from "../aws/image-builder-store.ts";
import type { ImageBuilderBuild, ImageBuilderFiles, ImageBuilderSpec } from "../aws/image-builder-types.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { renderCheckScript } from "../disk/check-script.ts";
import { hostChecks } from "../disk/host-checks.ts";
import { sha256File, sizeOf, writeAtomic } from "../host/files.ts";
import { ensureFolder } from "../host/folders.ts";
import { builderParent } from "./asked-source-amis.ts";
import { readDeployment } from "./boot-input.ts";
import { packerSource } from "./packer-folder.ts";
import { type Project, specFileName } from "./project.ts";
import { requirePublish } from "./publish-section.ts";
import { lockedSourceAmi } from "./source-amis.ts";
import { type CommittedProject, writeProjectPayload } from "./render-packer.ts";

export interface PreparedImageBuild {
  readonly build: ImageBuilderBuild;
  readonly files: readonly LocalFile[];
}

/** The spec's section `imageBuilder:`, or an error that says what it wants. */
export function requireImageBuilder(project: Project): ImageBuilderSpec {
  requirePublish(project);
  const section = project.loaded.spec.imageBuilder;
  if (section !== undefined) return section;
  throw new IgneousError("input-invalid", `${specFileName} has no section 'imageBuilder'`, {
    hint: "say what to build on: imageBuilder: { parentImage: ami-…, payload: s3://BUCKET, instanceProfile: NAME }",
  });
}

/** Writes the files that Image Builder's instances fetch into a folder: the payload, the programs, and the checks of the image. */
export async function prepareImageBuild(
  context: Context,
  committed: CommittedProject,
  folder: string,
): Promise<PreparedImageBuild> {
  const { project, lock, plan, commits } = committed;
  const imageBuilder = requireImageBuilder(project);
  const parentImage = lockedSourceAmi(lock, builderParent(project.loaded.spec)) ?? imageBuilder.parentImage;
  await ensureFolder(folder);
  const place = (name: string): string => join(folder, name);
  await writeProjectPayload(context, committed, place("payload.tar.gz"));
  await writeAtomic(place("apply"), await packerSource(project, "scripts/apply"), 0o755);
  await writeAtomic(place("seal"), await packerSource(project, "scripts/seal"), 0o755);
  await writeAtomic(place("check"), await checkProgram(context, committed), 0o755);
  const local = async (name: string): Promise<LocalFile> => {
    const path = place(name);
    return { name, path, sha256: await sha256File(path), size: (await sizeOf(path)) ?? 0 };
  };
  const files = {
    payload: await local("payload.tar.gz"),
    apply: await local("apply"),
    seal: await local("seal"),
    check: await local("check"),
  };
  const build = {
    buildId: plan.id,
    specName: lock.name,
    payloadCommit: commits.payload,
    publish: requirePublish(project),
    imageBuilder: { ...imageBuilder, parentImage },
    files: stored(files),
  };
  return { build, files: Object.values(files) };
}

/** Without what is of this machine only, so that equal builds are equal. */
function stored(files: Readonly<Record<keyof ImageBuilderFiles, LocalFile>>): ImageBuilderFiles {
  const only = ({ name, sha256 }: LocalFile) => ({ name, sha256 });
  const { payload, apply, seal, check } = files;
  return { payload: only(payload), apply: only(apply), seal: only(seal), check: only(check) };
}

/** The boot check's part inside the machine, for an instance that has no role: its host, its containers, nothing baked in. */
async function checkProgram(context: Context, { repo, commits }: CommittedProject): Promise<string> {
  const deployment = await readDeployment(context, repo, commits.host, []);
  // On a base of its own the host commit is the machine's; the payload in it is not.
  const others = hostChecks("first", deployment).filter(({ name }) => name !== "booted-deployment");
  const payload = {
    name: "booted-payload",
    command: `commit=$(ostree admin status | sed -n 's/^[*] [^ ]* \\([0-9a-f]\\{64\\}\\)\\..*/\\1/p')
ostree show --repo=/sysroot/ostree/repo --print-metadata-key=igneous.payload "$commit"`,
    expect: { contains: commits.payload },
  };
  return renderCheckScript([payload, ...others, ...deployment.checks]);
}
