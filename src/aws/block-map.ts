import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { writeAtomic } from "../host/files.ts";
import { findBytesOf, withRandomFile } from "../host/random-file.ts";

/** EBS keeps snapshots in blocks of this many bytes. */
export const blockSize = 524_288;

const digestLength = 32;
const allZero = Buffer.alloc(blockSize);
const zeroDigest = Buffer.alloc(digestLength);
const magic = "igneous block digests 1\n";

/** The sha256 of each block of a disk; for a block of zeros, 32 zero bytes. */
export interface BlockMap {
  readonly size: number;
  /** sha256 of the whole disk, in hex. */
  readonly diskSha256: string;
  /** Time of the disk file's last change when it was read, in nanoseconds. */
  readonly changedAt: bigint;
  readonly count: number;
  /** The digest of block `index`, or undefined when it holds only zeros or lies beyond the end. */
  readonly digestOf: (index: number) => Buffer | undefined;
  readonly bytes: Buffer;
}

/** Reads a disk once: the digest of the whole and of each block. The last block counts as filled up with zeros. */
export async function digestDisk(context: Context, path: string): Promise<BlockMap> {
  return withRandomFile(path, async (file) => {
    const count = Math.ceil(file.size / blockSize);
    const digests = Buffer.alloc(count * digestLength);
    const whole = createHash("sha256");
    const chunk = Buffer.alloc(blockSize * 16);
    for (let position = 0; position < file.size; position += chunk.length) {
      context.signal.throwIfAborted();
      const length = await file.readAt(position, chunk);
      whole.update(chunk.subarray(0, length));
      chunk.fill(0, length);
      for (let offset = 0; offset < length; offset += blockSize) {
        const block = chunk.subarray(offset, offset + blockSize);
        if (isZero(block)) continue;
        blockDigest(block).copy(digests, ((position + offset) / blockSize) * digestLength);
      }
    }
    return blockMap(file.size, whole.digest("hex"), file.changedAt, digests);
  });
}

export function blockDigest(block: Uint8Array): Buffer {
  return createHash("sha256").update(block).digest();
}

export function isZero(block: Uint8Array): boolean {
  return allZero.equals(block);
}

export function blockMapPath(folder: string): string {
  return join(folder, "disk.blocks");
}

/** Keeps the digests with the build's outputs, so that the next build can tell what changed without a download. */
export async function writeBlockMap(folder: string, map: BlockMap): Promise<void> {
  const { size, diskSha256, changedAt, bytes } = map;
  const sum = createHash("sha256").update(bytes).digest("hex");
  const head = `${magic}${JSON.stringify({ size, diskSha256, changedAt: String(changedAt), sum })}\n`;
  await writeAtomic(blockMapPath(folder), Buffer.concat([Buffer.from(head), bytes]));
}

/** The digests kept in a folder, or undefined when there are none or they are damaged. */
export async function findBlockMap(folder: string): Promise<BlockMap | undefined> {
  const bytes = await findBytesOf(blockMapPath(folder));
  if (bytes === undefined || !bytes.subarray(0, magic.length).equals(Buffer.from(magic))) return undefined;
  const end = bytes.indexOf("\n", magic.length);
  const head = parseHead(bytes.toString("utf8", magic.length, end));
  const digests = bytes.subarray(end + 1);
  if (head === undefined || createHash("sha256").update(digests).digest("hex") !== head.sum) return undefined;
  if (digests.length !== Math.ceil(head.size / blockSize) * digestLength) return undefined;
  return blockMap(head.size, head.diskSha256, head.changedAt, digests);
}

/** The block digests of a disk whose sha256 is known, from its folder or by reading it; refuses a disk that changed since. */
export async function readBlockMap(
  context: Context,
  folder: string,
  disk: { readonly path: string; readonly sha256: string },
): Promise<BlockMap> {
  const kept = await findBlockMap(folder);
  if (kept !== undefined && kept.diskSha256 === disk.sha256) {
    const unchanged = await withRandomFile(disk.path, async (file) => {
      return file.size === kept.size && file.changedAt === kept.changedAt;
    });
    if (unchanged) return kept;
  }
  const map = await digestDisk(context, disk.path);
  if (map.diskSha256 !== disk.sha256) throw diskChanged(disk.path);
  await writeBlockMap(folder, map);
  return map;
}

export function diskChanged(path: string): IgneousError {
  return new IgneousError("disk-changed", `${path} is not the disk that was baked: its sha256 differs`, {
    hint: "run 'igneous bake' again; only a disk that passed its checks is published",
  });
}

function blockMap(size: number, diskSha256: string, changedAt: bigint, bytes: Buffer): BlockMap {
  const digestOf = (index: number): Buffer | undefined => {
    const digest = bytes.subarray(index * digestLength, (index + 1) * digestLength);
    return digest.length === 0 || digest.equals(zeroDigest) ? undefined : digest;
  };
  return { size, diskSha256, changedAt, count: bytes.length / digestLength, digestOf, bytes };
}

interface Head {
  readonly size: number;
  readonly diskSha256: string;
  readonly changedAt: bigint;
  readonly sum: string;
}

function parseHead(text: string): Head | undefined {
  try {
    const { size, diskSha256, changedAt, sum } = JSON.parse(text) as Record<string, unknown>;
    if (typeof size !== "number" || typeof diskSha256 !== "string" || typeof sum !== "string")
      return undefined;
    return { size, diskSha256, changedAt: BigInt(String(changedAt)), sum };
  } catch {
    return undefined;
  }
}
