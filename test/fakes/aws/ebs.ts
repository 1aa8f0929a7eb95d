import { createHash } from "node:crypto";
import type {
  CompleteSnapshotRequest,
  GetSnapshotBlockRequest,
  ListSnapshotBlocksRequest,
  PutSnapshotBlockRequest,
  StartSnapshotRequest,
} from "@aws-sdk/client-ebs";
import { blockSize, pendingSnapshot, readable, reason } from "./ebs-rules.ts";
import { startSnapshot } from "./ebs-start-snapshot.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { Snapshot, World } from "./world.ts";

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The EBS direct APIs, with the checks that AWS makes. */
export function ebsHandlers(world: World): Handlers {
  return {
    StartSnapshot: (input: StartSnapshotRequest, call) => startSnapshot(world, input, call),
    PutSnapshotBlock: (input: PutBlock, call) => putBlock(world, input, call),
    CompleteSnapshot: (input: CompleteSnapshotRequest, call) => complete(world, input, call),
    ListSnapshotBlocks: (input: ListSnapshotBlocksRequest, call) => listBlocks(world, input, call),
    GetSnapshotBlock: (input: GetSnapshotBlockRequest, call) => getBlock(world, input, call),
  };
}

type PutBlock = Omit<PutSnapshotBlockRequest, "BlockData"> & { readonly BlockData: Buffer };

function putBlock(world: World, input: PutBlock, call: Call): object {
  const snapshot = pendingSnapshot(world, input.SnapshotId, call);
  const data = input.BlockData;
  const index = input.BlockIndex ?? 0;
  if (data.length !== blockSize || input.DataLength !== blockSize) {
    throw new AwsError("ValidationException", "a block has 524288 bytes", reason("INVALID_BLOCK"));
  }
  if (index * blockSize >= snapshot.volumeGiB * 2 ** 30) {
    throw new AwsError("ValidationException", "beyond the volume's end", reason("INVALID_PARAMETER_VALUE"));
  }
  const digest = sha256(data);
  if (digest.toString("base64") !== input.Checksum) {
    // As AWS was seen to answer, though its model does not say so.
    throw new AwsError("InvalidSignatureException", "the checksum does not match the data", { status: 403 });
  }
  snapshot.blocks.set(index, { data: world.keepBlocks ? data : Buffer.alloc(0), digest });
  return { Checksum: input.Checksum, ChecksumAlgorithm: "SHA256" };
}

function complete(world: World, input: CompleteSnapshotRequest, call: Call): object {
  const snapshot = pendingSnapshot(world, input.SnapshotId, call);
  const order = Array.from(snapshot.blocks).sort(([a], [b]) => a - b);
  const aggregate = sha256(...order.map(([, block]) => block.digest)).toString("base64");
  const wrongCount = input.ChangedBlocksCount !== order.length;
  const wrongSum = input.Checksum !== undefined && input.Checksum !== aggregate;
  // Accepted, and failed later: so AWS does.
  snapshot.failed = wrongCount || wrongSum || world.snapshotsFail;
  snapshot.completedAt = call.now + world.completionMs;
  return { Status: "pending" };
}

/** What a volume made from a snapshot would hold: its blocks over those of its parents. */
export function contentOf(
  snapshot: Snapshot,
): Map<number, Snapshot["blocks"] extends Map<number, infer B> ? B : never> {
  const below = snapshot.parent === undefined ? new Map() : contentOf(snapshot.parent);
  return new Map([...below, ...snapshot.blocks]);
}

const tokenOf = (snapshot: Snapshot, index: number): string =>
  Buffer.from(`${snapshot.id}/${index}`).toString("base64");

function listBlocks(world: World, input: ListSnapshotBlocksRequest, call: Call): object {
  const snapshot = readable(world, input.SnapshotId, call);
  const indexes = Array.from(contentOf(snapshot).keys()).sort((a, b) => a - b);
  const wanted = indexes.filter((index) => index >= (input.StartingBlockIndex ?? 0));
  const { items, nextToken } = page(wanted, input.NextToken, input.MaxResults ?? 10_000);
  return {
    Blocks: items.map((index) => ({ BlockIndex: index, BlockToken: tokenOf(snapshot, index) })),
    ExpiryTime: new Date(call.now + 7 * 86_400_000),
    VolumeSize: snapshot.volumeGiB,
    BlockSize: blockSize,
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function getBlock(world: World, input: GetSnapshotBlockRequest, call: Call): object {
  const snapshot = readable(world, input.SnapshotId, call);
  const index = input.BlockIndex ?? 0;
  const block = contentOf(snapshot).get(index);
  if (block === undefined || input.BlockToken !== tokenOf(snapshot, index)) {
    throw new AwsError("ValidationException", "wrong block token", reason("INVALID_BLOCK_TOKEN"));
  }
  return {
    DataLength: blockSize,
    BlockData: block.data,
    Checksum: block.digest.toString("base64"),
    ChecksumAlgorithm: "SHA256",
  };
}
