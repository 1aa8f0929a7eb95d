import { basename, dirname, join } from "node:path";
import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { type ByteRange, differingBlocks } from "../host/compare.ts";
import { sizeOf } from "../host/files.ts";
import { makeFolder, removeTree } from "../host/folders.ts";
import { sha256Sparse } from "../host/sparse.ts";
import { buildDisk, type DiskInput } from "./build.ts";
import type { Layout } from "./layout.ts";
import type { RunTool } from "./tools.ts";

export type DiskPart =
  | "whole disk"
  | "partition table"
  | "EFI system partition"
  | "root file system"
  | "backup partition table";

export interface DiskDifference {
  readonly part: DiskPart;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly length: number;
  /** Files of the root file system that lie there. */
  readonly files: readonly string[];
  /** More words where offset and files say too little. */
  readonly note?: string;
}

const blockBytes = 4096;
const maxDifferences = 16;
const maxFiles = 5;

/**
 * Checks a disk image byte for byte: no difference when its sha256 is the locked one. Otherwise the disk is made once more
 * from the repo, which gives the locked bytes again, and the places and files that differ from it are named.
 */
export async function verifyDisk(
  context: Context,
  runTool: RunTool,
  file: string,
  expected: {
    readonly sha256: Sha256Hex;
    readonly sizeBytes: number;
    readonly rebuild: Omit<DiskInput, "out">;
  },
): Promise<readonly DiskDifference[]> {
  const size = await sizeOf(file);
  if (size !== expected.sizeBytes)
    return [whole(`it has ${size ?? "no"} bytes, wanted ${expected.sizeBytes}`, expected.sizeBytes)];
  if ((await sha256Sparse(context, file)) === expected.sha256) return [];
  const folder = await makeFolder(dirname(expected.rebuild.repo), "verify-");
  try {
    const reference = await buildDisk(context, runTool, {
      ...expected.rebuild,
      out: join(folder, "disk.img"),
    });
    if (reference.sha256 !== expected.sha256)
      return [whole("it differs, and the repo no longer gives the locked disk to compare with", size)];
    const ranges = await differingBlocks(context, reference.path, file, blockBytes, maxDifferences);
    const differences: DiskDifference[] = [];
    for (const range of ranges)
      differences.push(await describe(runTool, reference.path, reference.layout, range));
    return differences;
  } finally {
    await removeTree(folder);
  }
}

function whole(note: string, length: number): DiskDifference {
  return { part: "whole disk", offset: 0, length, files: [], note };
}

async function describe(
  runTool: RunTool,
  reference: string,
  layout: Layout,
  range: ByteRange,
): Promise<DiskDifference> {
  const part = partOf(layout, range.offset);
  const files = part === "root file system" ? await filesAt(runTool, reference, layout, range) : [];
  return { ...range, part, files };
}

/** The part of the disk that holds this byte. */
export function partOf(layout: Layout, offset: number): DiskPart {
  if (offset < layout.esp.offset) return "partition table";
  if (offset < layout.esp.offset + layout.esp.size) return "EFI system partition";
  if (offset < layout.root.offset + layout.root.size) return "root file system";
  return "backup partition table";
}

/** Names of the files whose blocks lie in a range: block → inode → path, by debugfs. */
async function filesAt(
  runTool: RunTool,
  image: string,
  layout: Layout,
  range: ByteRange,
): Promise<readonly string[]> {
  const first = Math.floor((range.offset - layout.root.offset) / blockBytes);
  const count = Math.min(range.length / blockBytes, 64);
  const blocks = Array.from({ length: count }, (_, index) => first + index);
  const binds = [{ source: dirname(image), target: "/image", readOnly: true }];
  const device = `/image/${basename(image)}?offset=${layout.root.offset}`;
  const ask = (request: string): Promise<string> => runTool(["debugfs", "-R", request, device], { binds });
  const inodes = parseColumns(await ask(`icheck ${blocks.join(" ")}`));
  if (inodes.length === 0) return [];
  const paths = parseColumns(await ask(`ncheck ${[...new Set(inodes)].join(" ")}`));
  // A deployed file is a hard link to an object of the repo; people know it by its path in the deployment.
  const deployed = paths.filter((path) => path.includes("/deploy/"));
  return (deployed.length > 0 ? deployed : paths).slice(0, maxFiles);
}

/** Second column of debugfs's tables, without the heading and lines that found nothing. */
function parseColumns(text: string): readonly string[] {
  const rows = text.trim().split("\n").slice(1);
  return rows.map((row) => row.split("\t")[1] ?? "").filter((cell) => cell !== "" && !cell.startsWith("<"));
}
