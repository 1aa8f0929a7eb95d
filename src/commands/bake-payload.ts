import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import type { PayloadPlan } from "../containers/payload-plan.ts";
import { type PreloadedImage, renderContainers } from "../containers/render-containers.ts";
import { readPackageFiles } from "../host/package-files.ts";
import type { Lock } from "../lock/schema.ts";
import { parseReference } from "../oci/reference.ts";
import { resolveImage } from "../oci/resolve.ts";
import { openSource } from "../oci/source.ts";
import { findArchiveFile, importArchive } from "../ostree/archive-import.ts";
import { commitTree } from "../ostree/commit.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import type { TreeNode } from "../ostree/tree.ts";
import type { BakedImage } from "./bake-images.ts";
import { type NodeCheck, renderChecks } from "./node-documents.ts";
import { payloadTree, renderManifest } from "./payload.ts";
import { type Preload, type Project, sourceOptions } from "./project.ts";

export interface Payload {
  readonly commit: CommitChecksum;
  readonly plan: PayloadPlan;
}

type Images = ReadonlyMap<string, BakedImage>;

/** Commits everything that the node gets besides its base: containers, their units, helper programs, preloads. */
export async function commitPayload(
  context: Context,
  project: Project,
  lock: Lock,
  repo: Repo,
  build: { readonly id: Digest; readonly images: Images },
): Promise<Payload> {
  const plan = planPayload(project, build.images);
  const preloads = await importPreloads(context, project, repo, build.images);
  const programs = await helperPrograms();
  return runStep(context, "payload", "commit the payload", async () => {
    const commits = new Map([...build.images].map(([reference, { commit }]) => [reference, commit]));
    const preloaded = project.preload.map(({ image }) => image);
    const manifest = renderManifest(lock, build.id, plan, preloaded);
    const checks = renderChecks(allChecks(project, plan));
    const tree = payloadTree(repo, plan, commits, [...preloads, ...programs], { manifest, checks });
    const commit = await commitTree(context, repo, tree, { subject: `payload of ${lock.name}` });
    return { value: { commit, plan }, note: commit.slice(0, 12) };
  });
}

/** The catalogue's checks and the user's own. */
function allChecks(project: Project, plan: PayloadPlan): readonly NodeCheck[] {
  const own = project.loaded.spec.checks.map(({ roles = [], ...check }) => ({ ...check, roles }));
  return [
    ...plan.checks.map(({ name, command, expect, roles, wait }) => ({ name, command, expect, roles, wait })),
    ...own,
  ];
}

function planPayload(project: Project, images: Images): PayloadPlan {
  const { kubernetes, checks, features, health } = project.loaded.spec;
  return renderContainers({
    kubernetesVersion: kubernetes.version,
    podSubnet: kubernetes.podSubnet,
    serviceSubnet: kubernetes.serviceSubnet,
    preload: project.preload.map(archiveOf),
    runtime: kubernetes.runtime,
    imageRepository: kubernetes.imageRepository,
    checks,
    features,
    health,
    containers: project.containers.map((entry) => {
      const { User, WorkingDir, ...rest } = images.get(entry.image)?.config.config ?? {};
      return { entry, image: { ...rest, User: User ?? undefined, WorkingDir: WorkingDir ?? undefined } };
    }),
  });
}

function archiveOf({ name }: Preload): PreloadedImage {
  return { name, archive: `${name.replaceAll(/[^a-zA-Z0-9.-]/gu, "_")}.tar` };
}

async function importPreloads(
  context: Context,
  project: Project,
  repo: Repo,
  images: Images,
): Promise<readonly (readonly [string, TreeNode])[]> {
  const entries: (readonly [string, TreeNode])[] = [];
  for (const preload of project.preload) {
    const locked = images.get(preload.image)?.locked;
    if (locked === undefined) throw new Error(`${preload.image} was not imported`);
    const { archive, name } = archiveOf(preload);
    let file = await findArchiveFile(repo, locked, name);
    if (file === undefined) {
      const reference = { ...parseReference(locked.reference), digest: locked.manifestDigest };
      const source = await openSource(context, reference, sourceOptions(project));
      const resolved = await resolveImage(source, reference, project.loaded.spec.platform);
      file = await importArchive(context, repo, resolved, { source, name });
    }
    entries.push([`/usr/lib/igneous/images/${archive}`, file]);
  }
  return entries;
}

/** Programs and units of igneous itself that run on the node, from the package's `node/` folder. */
async function helperPrograms(): Promise<readonly (readonly [string, TreeNode])[]> {
  const places = [
    ["node/libexec", "/usr/libexec/igneous"],
    ["node/bin", "/usr/bin"],
    ["node/systemd", "/usr/lib/systemd/system"],
  ] as const;
  const found = await Promise.all(
    places.map(async ([folder, target]) =>
      (await readPackageFiles(folder)).map(({ path, contents, executable }): readonly [string, TreeNode] => [
        `${target}/${path}`,
        { kind: "file", contents, mode: executable ? 0o755 : 0o644 },
      ]),
    ),
  );
  return found.flat();
}
