import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { formatBytes } from "../core/units.ts";
import { blockSize } from "./block-map.ts";
import { awsErrorCode } from "./failure.ts";
import { completeSnapshotInput } from "./image-input.ts";
import { sentLogPath } from "./journal.ts";
import type { BlockCounts } from "./publish-types.ts";
import {
  type Begun,
  beginSnapshot,
  findParentMap,
  freshStarts,
  type SnapshotWork,
  startAnew,
} from "./snapshot-start.ts";
import { uploadBlocks } from "./upload.ts";
import { planUpload, type UploadPlan } from "./upload-plan.ts";
import { findSnapshot, seenSoon, waitForSnapshot } from "./waits.ts";
import type { Snapshot } from "@aws-sdk/client-ec2";

export interface HomeSnapshot {
  readonly snapshotId: string;
  readonly account: string;
  readonly parentSnapshotId?: string;
  readonly blocks: BlockCounts;
}

/** Makes the snapshot of the disk in the home region, or goes on with the one that an earlier run began. */
export async function ensureSnapshot(work: SnapshotWork): Promise<HomeSnapshot> {
  for (let tries = 1; ; tries++) {
    const begun = await beginSnapshot(work);
    const finished = await finish(work, begun);
    if (finished !== undefined) return finished;
    if (tries >= freshStarts) {
      throw new IgneousError(
        "aws-snapshot-failed",
        `snapshot ${begun.snapshotId} in ${work.region} failed ${tries} times`,
        { hint: "look at the health of EBS in that region, then run the same command again" },
      );
    }
  }
}

/** Sends what is missing and waits. Undefined when EBS gave the snapshot up and a new one must be started. */
async function finish(work: SnapshotWork, begun: Begun): Promise<HomeSnapshot | undefined> {
  const { context, aws, build, region, map, journal } = work;
  const { snapshotId } = begun;
  const parentMap = begun.parent === undefined ? undefined : await findParentMap(build);
  if (begun.parent !== undefined && parentMap === undefined) return abandon(work, snapshotId);
  const plan = planUpload(map, parentMap);
  const look = (): Promise<Snapshot | undefined> => findSnapshot(aws, region, snapshotId);
  const { isNew, ...journaled } = begun;
  // A snapshot that was just started has nothing to tell yet (and moto calls it completed).
  const now =
    isNew === true ? undefined : await (begun.completed === true ? seenSoon(context, aws, look) : look());
  if (now?.State === "error" || (now === undefined && begun.completed === true)) {
    return abandon(work, snapshotId);
  }
  let sent = begun.sent ?? 0;
  if (now?.State !== "completed" && begun.completed !== true) {
    const uploaded = await upload(work, snapshotId, plan);
    if (uploaded === undefined) return abandon(work, snapshotId);
    sent = uploaded;
    await complete(work, snapshotId, plan.send.length, plan.aggregate);
    await journal.update((state) => ({ ...state, snapshot: { ...journaled, sent, completed: true } }));
  }
  const ready = await runStep(context, "snapshot", `snapshot ${snapshotId} in ${region}`, async () => ({
    value: await waitForSnapshot(context, aws, region, snapshotId),
  }));
  if (ready.State === "error") return abandon(work, snapshotId);
  const { total, nonZero, changed } = plan;
  return {
    snapshotId,
    account: begun.account,
    ...(begun.parent === undefined ? {} : { parentSnapshotId: begun.parent.snapshotId }),
    blocks: { total, nonZero, changed, sent },
  };
}

/** How many blocks were sent; undefined when the snapshot was deleted or given up under us. */
async function upload(work: SnapshotWork, snapshotId: string, plan: UploadPlan): Promise<number | undefined> {
  const { context, aws, build, region, map, inFlight } = work;
  const ebs = await aws.ebs(region);
  const { disk, folder } = build;
  const sentLog = sentLogPath(folder, snapshotId);
  try {
    return await runStep(context, "upload", `blocks to ${snapshotId} in ${region}`, async () => {
      const wanted = { snapshotId, disk: disk.path, map, plan, sentLog, inFlight };
      const { sent, resumed } = await uploadBlocks(context, aws.clock, ebs, wanted);
      const counts = `${plan.total} total, ${plan.nonZero} non-zero, ${plan.changed} changed, ${sent} sent`;
      const note = `${formatBytes(sent * blockSize)}: blocks ${counts}`;
      return { value: sent, outcome: resumed ? "resumed" : "done", note };
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (awsErrorCode(error) === "ResourceNotFoundException") return undefined;
    if (awsErrorCode(error) !== "ValidationException") throw error;
    // EBS gave it up, or another machine publishes the same build and was first.
    const settled = await seenSoon(context, aws, async () => {
      const snapshot = await findSnapshot(aws, region, snapshotId);
      return snapshot?.State === "pending" ? undefined : snapshot;
    });
    if (settled?.State === "error") return undefined;
    if (settled?.State === "completed") return 0;
    throw error;
  }
}

async function complete(
  work: SnapshotWork,
  snapshotId: string,
  count: number,
  aggregate: string,
): Promise<void> {
  const { aws, region } = work;
  const ebs = await aws.ebs(region);
  try {
    await ebs.completeSnapshot(completeSnapshotInput(snapshotId, count, aggregate));
  } catch (error) {
    // The answer to an earlier call may have been lost; then it is on its way or done.
    if (awsErrorCode(error) !== "ValidationException") throw error;
    const snapshot = await waitForSnapshot(work.context, aws, region, snapshotId);
    if (snapshot.State !== "completed") throw error;
  }
}

async function abandon(work: SnapshotWork, snapshotId: string): Promise<undefined> {
  const { context, aws, region, journal } = work;
  context.emit({
    type: "warning",
    message: `EBS gave up on snapshot ${snapshotId} in ${region}; starting a new one`,
  });
  const ec2 = await aws.ec2(region);
  await ec2.deleteSnapshot({ SnapshotId: snapshotId }).catch((error: unknown) => {
    if (awsErrorCode(error) !== "InvalidSnapshot.NotFound") throw error;
  });
  await startAnew(journal);
  return undefined;
}
