import type { StartSnapshotRequest } from "@aws-sdk/client-ebs";
import { blockSize, reason } from "./ebs-rules.ts";
import { AwsError, type Call } from "./service.ts";
import { type Snapshot, snapshotState, type World } from "./world.ts";

export function startSnapshot(world: World, input: StartSnapshotRequest, call: Call): object {
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
