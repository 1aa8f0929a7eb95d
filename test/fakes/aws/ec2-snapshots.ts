import type { DeleteSnapshotRequest, DescribeSnapshotsRequest } from "@aws-sdk/client-ec2";
import { passesFilters, tagSet } from "./ec2-query.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import { type Snapshot, snapshotState, type World } from "./world.ts";

export function snapshotHandlers(world: World): Handlers {
  return {
    DescribeSnapshots: (input: DescribeSnapshotsRequest, call) => describe(world, input, call),
    DeleteSnapshot: (input: DeleteSnapshotRequest, call) => remove(world, input, call),
  };
}

function describe(world: World, input: DescribeSnapshotsRequest, call: Call): object {
  const mine = Array.from(world.snapshots.values()).filter(
    (snapshot) =>
      snapshot.region === call.region &&
      snapshot.account === call.account &&
      call.now >= snapshot.startedAt + world.describeLagMs,
  );
  for (const id of input.SnapshotIds ?? []) {
    if (!mine.some((snapshot) => snapshot.id === id)) {
      throw new AwsError("InvalidSnapshot.NotFound", `The snapshot '${id}' does not exist.`);
    }
  }
  const found = mine.filter(
    (snapshot) =>
      (input.SnapshotIds === undefined || input.SnapshotIds.includes(snapshot.id)) &&
      passesFilters(input.Filters, snapshot.tags, {
        status: [snapshotState(snapshot, call.now)],
        "snapshot-id": [snapshot.id],
        "owner-id": [snapshot.account],
      }),
  );
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 1000);
  return {
    Snapshots: items.map((snapshot) => described(snapshot, call.now)),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function described(snapshot: Snapshot, now: number): object {
  const state = snapshotState(snapshot, now);
  return {
    SnapshotId: snapshot.id,
    OwnerId: snapshot.account,
    Description: snapshot.description,
    VolumeId: "vol-ffffffff",
    VolumeSize: snapshot.volumeGiB,
    Encrypted: snapshot.encrypted,
    ...(snapshot.kmsKeyId === undefined ? {} : { KmsKeyId: snapshot.kmsKeyId }),
    StartTime: new Date(snapshot.startedAt),
    Progress: state === "completed" ? "100%" : "99%",
    State: state,
    ...(state === "error" ? { StateMessage: "the blocks do not match what was announced" } : {}),
    StorageTier: "standard",
    Tags: tagSet(snapshot.tags),
  };
}

function remove(world: World, input: DeleteSnapshotRequest, call: Call): object {
  const snapshot = world.snapshots.get(input.SnapshotId ?? "");
  if (snapshot === undefined || snapshot.region !== call.region || snapshot.account !== call.account) {
    throw new AwsError("InvalidSnapshot.NotFound", `The snapshot '${input.SnapshotId}' does not exist.`);
  }
  const user = Array.from(world.images.values()).find(
    (image) => image.snapshotId === snapshot.id && image.deregisteredAt === undefined,
  );
  if (user !== undefined) {
    const message = `The snapshot ${snapshot.id} is currently in use by ${user.id}`;
    throw new AwsError("InvalidSnapshot.InUse", message);
  }
  world.snapshots.delete(snapshot.id);
  return {};
}
