import { dirname, join } from "node:path";
import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import { diskFull } from "../host/files.ts";
import { ensureFolder, listFiles, makeFolder, movePath, removeTree } from "../host/folders.ts";
import { sha256Sparse } from "../host/sparse.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { openRepo } from "../ostree/repo.ts";
import { writeAttributes } from "./attributes.ts";
import { listSysroot, measureSysroot, writeImage } from "./image.ts";
import { type Layout, planLayout, rootBytesOf, wholeGroups } from "./layout.ts";
import { deployedCommit, placementOrder } from "./placement.ts";
import { makeSysroot, type SysrootInput } from "./sysroot.ts";
import type { RunTool } from "./tools.ts";

export interface DiskInput extends SysrootInput {
  /** Whose disk it is; the identifiers that all builds of a spec share are derived from it. */
  readonly name: string;
  /** The identifiers of this one disk are derived from it. */
  readonly buildId: string;
  /** Size of the whole disk; when not given, what the content needs and some room. First boot grows to the real disk. */
  readonly sizeBytes?: number;
  /** Where the image goes. */
  readonly out: string;
}

export interface BuiltDisk {
  readonly path: string;
  readonly sha256: Sha256Hex;
  readonly sizeBytes: number;
  readonly layout: Layout;
}

const workPrefix = ".disk-";

/** The step in which a disk is built; its stages are reported under this name. */
export const diskStep = "disk";

/** Room for the journal, inode tables, and what is written before the file system is grown. */
const slackBytes = 384 * 2 ** 20;

/**
 * Makes a bootable GPT disk image from OSTree commits, out of files only: no loop device, no mount of the image. Equal
 * inputs give equal bytes, on any machine and in any folder. The image is there whole or not at all.
 */
export async function buildDisk(context: Context, runTool: RunTool, input: DiskInput): Promise<BuiltDisk> {
  const parent = dirname(input.out);
  await ensureFolder(parent);
  await removeStale(runTool, parent);
  const work = await makeFolder(parent, workPrefix);
  const binds = [{ source: work, target: "/work" }];
  const stage = (done: number, note: string): void =>
    context.emit({ type: "step-progress", step: diskStep, done, total: 3, unit: "stages", note });
  try {
    stage(1, "deploying the commits");
    await makeSysroot(context, runTool, work, input);
    const layout = await chooseLayout(runTool, work, input);
    stage(2, "writing the file systems");
    const repo = await openRepo(context, input.repo);
    const commits = commitsOf(input);
    const deployed = commits.map((commit) => deployedCommit(repo, commit));
    const order = placementOrder(await listSysroot(runTool, work), deployed);
    await writeImage(runTool, work, layout, order);
    const { offset } = layout.root;
    if (input.isLabelled === true)
      await writeAttributes(runTool, work, { repo, commits, paths: order, offset });
    stage(3, "hashing the image");
    const image = join(work, "disk.img");
    const sha256 = await sha256Sparse(context, image);
    await movePath(image, input.out);
    return { path: input.out, sha256, sizeBytes: layout.sizeBytes, layout };
  } catch (error) {
    throw diskFull(error, input.out);
  } finally {
    // A plain user's files of other owners can only be removed where they were made.
    await runTool(["rm", "-rf", "/work/sysroot"], { binds }).catch(() => undefined);
    await removeTree(work);
  }
}

/** What a build that was killed left behind. */
async function removeStale(runTool: RunTool, parent: string): Promise<void> {
  const stale = (await listFiles(parent)).filter((name) => name.startsWith(workPrefix));
  const folders = stale.map((name) => `/parent/${name}`);
  if (folders.length === 0) return;
  await runTool(["rm", "-rf", ...folders], { binds: [{ source: parent, target: "/parent" }] });
}

function commitsOf({ predecessor, hostCommit }: DiskInput): readonly CommitChecksum[] {
  return [predecessor, hostCommit].filter((commit) => commit !== undefined) as CommitChecksum[];
}

async function chooseLayout(runTool: RunTool, work: string, input: DiskInput): Promise<Layout> {
  const needed = Math.ceil((await measureSysroot(runTool, work)) * 1.08) + slackBytes;
  if (input.sizeBytes === undefined) return planLayout(input.name, input.buildId, wholeGroups(needed));
  const room = rootBytesOf(input.sizeBytes);
  if (room < needed) {
    throw new IgneousError(
      "disk-too-small",
      `a disk of ${formatBytes(input.sizeBytes)} has room for ${formatBytes(room)}; the content needs ${formatBytes(needed)}`,
      { hint: "raise disk.size in the spec, or leave it out" },
    );
  }
  return planLayout(input.name, input.buildId, room);
}
