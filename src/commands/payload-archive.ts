import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { digestHex, digestOf, isSha256Hex, type Sha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { formatBytes } from "../core/units.ts";
import { run } from "../host/exec.ts";
import { diskFull, findText, sha256File, sizeOf, writeAtomic, writeWhole } from "../host/files.ts";
import { ensureFolder, makeFolder, removeTree } from "../host/folders.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { reachableObjects } from "../ostree/reachable.ts";
import type { Repo } from "../ostree/repo.ts";

/** What `apply` makes a host commit of on the machine that becomes the image. */
export interface PayloadParts {
  readonly buildId: string;
  /** What the deployment is called. */
  readonly version: string;
  readonly base: CommitChecksum;
  readonly payload: CommitChecksum;
  /** What image-time Butane adds. */
  readonly configuration: CommitChecksum | undefined;
  /** What comes out when the machine runs the base of the lock. */
  readonly host: CommitChecksum;
  /** Host commit of the build to go back to. */
  readonly predecessor: CommitChecksum | undefined;
  readonly kernelArguments: readonly string[];
}

export interface PayloadArchive {
  readonly path: string;
  readonly sha256: Sha256Hex;
  readonly size: number;
}

/** Like {@link packPayload}, made once for each build and kept in `folder`. */
export async function keepPayload(
  context: Context,
  repo: Repo,
  parts: PayloadParts,
  folder: string,
): Promise<PayloadArchive> {
  const path = join(folder, `${digestHex(digestOf(renderBuild(parts))).slice(0, 16)}.tar.gz`);
  const note = `${path}.sha256`;
  const [sha256, size] = [(await findText(note))?.trim(), await sizeOf(path)];
  if (sha256 !== undefined && isSha256Hex(sha256) && size !== undefined) return { path, sha256, size };
  await ensureFolder(folder);
  await removeTree(note);
  const packed = await packPayload(context, repo, parts, path);
  await writeAtomic(note, `${packed.sha256}\n`);
  return packed;
}

/**
 * Packs what a machine that runs the base lacks into one archive: an OSTree repo (`repo/`) and the file `build` that says
 * what to make of it. Equal builds give equal bytes.
 */
export function packPayload(
  context: Context,
  repo: Repo,
  parts: PayloadParts,
  path: string,
): Promise<PayloadArchive> {
  return runStep(context, "payload archive", "pack the payload archive", async () => {
    const { base, payload, configuration, predecessor } = parts;
    const own = [payload, ...(configuration === undefined ? [] : [configuration])];
    // Of the predecessor only what neither the base nor the payload has: on another base it is never deployed.
    const older = predecessor === undefined ? [] : reachableObjects(repo, [predecessor], [base, ...own]);
    const objects = [...reachableObjects(repo, own, []), ...older].sort();
    const stage = await makeFolder(join(repo.path, "tmp"), "igneous-archive-");
    try {
      await ensureFolder(join(stage, "repo/refs/heads"));
      await ensureFolder(join(stage, "repo/refs/remotes"));
      await ensureFolder(join(stage, "repo/tmp"));
      await writeWhole(join(stage, "repo/config"), "[core]\nrepo_version=1\nmode=archive-z2\n");
      await writeWhole(join(stage, "build"), renderBuild(parts));
      const fixed = [
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=go=rX",
      ];
      const names = ["--transform=s,^objects/,repo/objects/,", "-C", stage, "build", "repo", "-C", repo.path];
      await run(
        context,
        [
          "tar",
          "--create",
          `--file=${path}`,
          "--use-compress-program=gzip -n -1",
          ...fixed,
          ...names,
          "-T",
          "-",
        ],
        { input: objects.map((object) => `${object}\n`).join("") },
      );
    } catch (error) {
      throw diskFull(error, path);
    } finally {
      await removeTree(stage);
    }
    const size = (await sizeOf(path)) ?? 0;
    const value = { path, sha256: await sha256File(path), size };
    return { value, note: `${objects.length} objects, ${formatBytes(size)}` };
  });
}

function renderBuild(parts: PayloadParts): string {
  const { buildId, version, base, payload, configuration, host, predecessor, kernelArguments } = parts;
  const lines = [
    `build=${buildId}`,
    `version=${version}`,
    `base=${base}`,
    `payload=${payload}`,
    `configuration=${configuration ?? ""}`,
    `host=${host}`,
    `predecessor=${predecessor ?? ""}`,
    ...kernelArguments.map((word) => `karg=${word}`),
  ];
  return `${lines.join("\n")}\n`;
}
