import { join } from "node:path";
import { openToolsRoot, runInTools } from "../base/tools.ts";
import type { Context } from "../core/context.ts";
import { digestHex, digestOf } from "../core/digest.ts";
import { canonicalJson } from "../core/json.ts";
import { runStep } from "../core/step.ts";
import { buildDisk } from "../disk/build.ts";
import { run } from "../host/exec.ts";
import { findText, sizeOf, writeAtomic } from "../host/files.ts";
import { ensureFolder, removeTree } from "../host/folders.ts";
import type { Lock } from "../lock/schema.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { findBytes } from "../core/units.ts";
import type { Project } from "./project.ts";

/** Room for the payload three times: as it comes, unpacked, and in the repo. */
const defaultBytes = 8 * 2 ** 30;

export interface BaseDisk {
  readonly path: string;
  readonly sha256: string;
}

/** The disk of the base alone, which Packer boots: made once for each base, kernel arguments and size. */
export function makeBaseDisk(
  context: Context,
  project: Project,
  lock: Lock,
  repo: Repo,
  base: CommitChecksum,
  kernelArguments: readonly string[],
): Promise<BaseDisk> {
  return runStep(context, "base disk", "make the disk of the base", async () => {
    const { disk, base: wanted } = project.loaded.spec;
    const sizeBytes = disk.size === undefined ? defaultBytes : (findBytes(disk.size) ?? defaultBytes);
    const key = digestOf(canonicalJson({ base, kernelArguments: [...kernelArguments], sizeBytes }));
    const folder = join(project.folder, ".igneous", "base", digestHex(key).slice(0, 12));
    const path = join(folder, "base.img");
    const note = join(folder, "base.sha256");
    const known = await findText(note);
    if (known !== undefined && (await sizeOf(path)) === sizeBytes) {
      return { value: { path, sha256: known.trim() }, outcome: "unchanged" };
    }
    const tools = await openToolsRoot(context, lock.base, wanted.debian.mirror);
    const { sha256 } = await buildDisk(
      context,
      (argv, options) => runInTools(context, tools, argv, options),
      {
        repo: repo.path,
        hostCommit: base,
        kernelArguments,
        name: project.loaded.spec.name,
        buildId: key,
        sizeBytes,
        out: path,
      },
    );
    await writeAtomic(note, `${sha256}\n`);
    return { value: { path, sha256 }, note: path };
  });
}

/** The same file under another name where that is possible, else a copy with the same holes. */
export async function placeFile(context: Context, from: string, to: string): Promise<void> {
  await ensureFolder(join(to, ".."));
  await removeTree(to);
  const { exit } = await run(context, ["ln", from, to], { okExits: [0, 1] });
  if (exit !== 0) await copySparse(context, from, to);
}

export async function copySparse(context: Context, from: string, to: string): Promise<void> {
  await run(context, ["cp", "--sparse=always", "--reflink=auto", from, to]);
}
