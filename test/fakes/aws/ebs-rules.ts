import { AwsError, type Call } from "./service.ts";
import { type Snapshot, snapshotState, type World } from "./world.ts";

export const blockSize = 524_288;
/** The detail that EBS gives beside an error's code. */
export const reason = (code: string): { reason: string } => ({ reason: code });

/** The snapshot that a block may be put into. */
export function pendingSnapshot(world: World, id: string | undefined, call: Call): Snapshot {
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

/** The snapshot whose blocks may be read. */
export function readable(world: World, id: string | undefined, call: Call): Snapshot {
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
