import { createHash } from "node:crypto";
import type {
  CompleteSnapshotRequest,
  GetSnapshotBlockRequest,
  ListSnapshotBlocksRequest,
  PutSnapshotBlockRequest,
  StartSnapshotRequest,
} from "@aws-sdk/client-ebs";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import { type Snapshot, snapshotState, type World } from "./world.ts";

const blockSize = 524_288;
const reason = (code: string): { reason: string } => ({ reason: code });
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

function startSnapshot(world: World, input: StartSnapshotRequest, call: Call): object {
  const { ClientToken: token, ...rest } = input;
  const same = JSON.stringify(rest);
  const known = token === undefined ? undefined : world.tokens.get(`${call.account} ${call.region} ${token}`);
  if (known !== undefined) {
    if (known.request !== same)
      throw new AwsError("ConflictException", "the client token was used with other parameters");
    const snapshot = world.snapshots.get(known.id);
    if (snapshot !== undefined) return started(snapshot);
  }
  const parent =
    input.ParentSnapshotId === undefined ? undefined : world.snapshots.get(input.ParentSnapshotId);
  if (input.ParentSnapshotId !== undefined) {
    if (parent === undefined || parent.region !== call.region || parent.account !== call.account) {
      throw new AwsError(
        "ResourceNotFoundException",
        `${input.ParentSnapshotId} not found`,
        reason("SNAPSHOT_NOT_FOUND"),
      );
    }
    if (snapshotState(parent, call.now) !== "completed") {
      throw new AwsError("ValidationException", "the parent is not completed", reason("INVALID_SNAPSHOT_ID"));
    }
    if (input.Encrypted !== undefined || input.KmsKeyArn !== undefined) {
      throw new AwsError(
        "ValidationException",
        "encryption is the parent's",
        reason("INVALID_PARAMETER_VALUE"),
      );
    }
    if ((input.VolumeSize ?? 0) < parent.volumeGiB) {
      throw new AwsError("ValidationException", "smaller than the parent", reason("INVALID_VOLUME_SIZE"));
    }
  }
  if (input.KmsKeyArn !== undefined && !world.kmsKeyUsable(input.KmsKeyArn, call.region)) {
    throw new AwsError(
      "ValidationException",
      `${input.KmsKeyArn} does not exist in ${call.region}`,
      reason("INVALID_CUSTOMER_KEY"),
    );
  }
  if (input.KmsKeyArn !== undefined && input.Encrypted !== true) {
    throw new AwsError("ValidationException", "a key needs Encrypted", reason("INVALID_PARAMETER_VALUE"));
  }
  const snapshot: Snapshot = {
    id: world.newId("snap"),
    region: call.region,
    account: call.account,
    volumeGiB: input.VolumeSize ?? 0,
    description: input.Description ?? "",
    tags: new Map((input.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
    encrypted: parent?.encrypted ?? input.Encrypted === true,
    kmsKeyId:
      parent?.kmsKeyId ?? input.KmsKeyArn ?? (input.Encrypted === true ? world.defaultKey(call) : undefined),
    parent,
    startedAt: call.now,
    expiresAt: call.now + (input.Timeout ?? 60) * 60_000,
    completedAt: undefined,
    failed: false,
    blocks: new Map(),
  };
  world.snapshots.set(snapshot.id, snapshot);
  if (token !== undefined) {
    world.tokens.set(`${call.account} ${call.region} ${token}`, { request: same, id: snapshot.id });
  }
  return started(snapshot);
}

function started(snapshot: Snapshot): object {
  return {
    SnapshotId: snapshot.id,
    OwnerId: snapshot.account,
    Status: "pending",
    StartTime: new Date(snapshot.startedAt),
    VolumeSize: snapshot.volumeGiB,
    BlockSize: blockSize,
    ...(snapshot.description === "" ? {} : { Description: snapshot.description }),
    ...(snapshot.tags.size === 0
      ? {}
      : { Tags: Array.from(snapshot.tags, ([Key, Value]) => ({ Key, Value })) }),
    ...(snapshot.parent === undefined ? {} : { ParentSnapshotId: snapshot.parent.id }),
    ...(snapshot.kmsKeyId === undefined ? {} : { KmsKeyArn: snapshot.kmsKeyId }),
    SseType: snapshot.encrypted ? "sse-kms" : "none",
  };
}

function pendingSnapshot(world: World, id: string | undefined, call: Call): Snapshot {
  const snapshot = world.snapshots.get(id ?? "");
  const visible = snapshot !== undefined && call.now >= snapshot.startedAt + world.dataPlaneLagMs;
  if (!visible || snapshot.region !== call.region || snapshot.account !== call.account) {
    throw new AwsError(
      "ResourceNotFoundException",
      `The snapshot '${id}' does not exist.`,
      reason("SNAPSHOT_NOT_FOUND"),
    );
  }
  if (snapshotState(snapshot, call.now) !== "pending" || snapshot.completedAt !== undefined) {
    throw new AwsError("ValidationException", `${id} is not pending`, reason("INVALID_SNAPSHOT_ID"));
  }
  return snapshot;
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

function readable(world: World, id: string | undefined, call: Call): Snapshot {
  const snapshot = world.snapshots.get(id ?? "");
  const there = snapshot?.region === call.region && snapshot.account === call.account;
  if (snapshot === undefined || !there || snapshotState(snapshot, call.now) !== "completed") {
    throw new AwsError(
      "ResourceNotFoundException",
      `The snapshot '${id}' does not exist.`,
      reason("SNAPSHOT_NOT_FOUND"),
    );
  }
  return snapshot;
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
