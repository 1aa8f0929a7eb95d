import type { Context } from "../core/context.ts";
import { digestFromHex, isSha256Hex } from "../core/digest.ts";
import { run } from "../host/exec.ts";
import { listFolder, removeFile, removePath } from "../host/object-files.ts";
import { ImageManifest, parseDocument } from "../oci/schema.ts";
import { imagePrefix, layerPrefix, layerRef } from "./image-ref.ts";
import { indexFolder } from "./layer-index.ts";
import { readCommit } from "./object-read.ts";
import { deleteRef, findRef, listRefs } from "./ref.ts";
import type { CommitChecksum } from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";
import { withRepoLock } from "./transaction.ts";

export interface GarbageResult {
  /** Digests of the layers that no image on a ref needs. */
  readonly layers: readonly string[];
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Removes layers that no image needs, imports that no ref names any more, what killed runs left, and then every object
 * that no commit reaches. Commits that are no imports stay, on a ref or not, and lose nothing of their trees.
 */
export async function collectGarbage(context: Context, repo: Repo, dryRun: boolean): Promise<GarbageResult> {
  return withRepoLock(context, repo, async () => {
    const needed = await neededLayers(repo);
    const refs = listRefs(repo, layerPrefix).filter((ref) => !needed.has(ref));
    if (!dryRun) {
      for (const ref of refs) await deleteRef(repo, ref);
      await removeOldImports(repo);
      removeLeftovers(repo, needed);
    }
    const pruned = await prune(context, repo, dryRun);
    return { layers: refs.map((ref) => `sha256:${ref.slice(layerPrefix.length + 1)}`), ...pruned };
  });
}

async function neededLayers(repo: Repo): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for (const ref of listRefs(repo, imagePrefix)) {
    const commit = await findRef(repo, ref);
    const manifest = commit === undefined ? undefined : readCommit(repo, commit).metadata["ostree.manifest"];
    if (typeof manifest !== "string") continue;
    const { layers } = parseDocument(ImageManifest, Buffer.from(manifest), `the manifest of ${ref}`);
    for (const { digest } of layers) needed.add(layerRef(digest));
  }
  return needed;
}

/** Commits of layers and images whose ref is gone or names a newer one. */
async function removeOldImports(repo: Repo): Promise<void> {
  const named = new Set<string>();
  for (const ref of [...listRefs(repo, imagePrefix), ...listRefs(repo, layerPrefix)]) {
    const commit = await findRef(repo, ref);
    if (commit !== undefined) named.add(commit);
  }
  for (const folder of listFolder(`${repo.path}/objects`)) {
    for (const name of listFolder(`${repo.path}/objects/${folder}`)) {
      if (!name.endsWith(".commit")) continue;
      const checksum = `${folder}${name.slice(0, -".commit".length)}` as CommitChecksum;
      if (!named.has(checksum) && "docker.digest" in readCommit(repo, checksum).metadata) {
        removeFile(objectPath(repo, "commit", checksum));
      }
    }
  }
}

/** Notes of layers that are gone, and the folders of runs that ended without tidying up. */
function removeLeftovers(repo: Repo, needed: ReadonlySet<string>): void {
  for (const name of listFolder(indexFolder(repo))) {
    const hex = name.replace(/\.json$/u, "");
    if (!isSha256Hex(hex) || !needed.has(layerRef(digestFromHex(hex))))
      removeFile(`${indexFolder(repo)}/${name}`);
  }
  for (const name of listFolder(`${repo.path}/tmp`)) {
    if (name.startsWith("igneous-")) removePath(`${repo.path}/tmp/${name}`);
  }
}

async function prune(
  context: Context,
  repo: Repo,
  dryRun: boolean,
): Promise<Pick<GarbageResult, "objects" | "bytes">> {
  const argv = ["ostree", "prune", `--repo=${repo.path}`] as const;
  const { stdout } = await run(context, dryRun ? [...argv, "--no-prune"] : argv);
  const objects = Number(/(?:Deleted|Would delete:?) (\d+) objects/u.exec(stdout)?.[1] ?? 0);
  const [, amount = "0", unit = "bytes"] = /([\d.]+)[\s\u00a0](bytes|[kMGT]i?B)/u.exec(stdout) ?? [];
  return { objects, bytes: Math.round(Number(amount) * (unitSize[unit] ?? 1)) };
}

const unitSize: Readonly<Record<string, number>> = { bytes: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
