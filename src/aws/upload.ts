import type { Context } from "../core/context.ts";
import { mapLimit } from "../core/parallel.ts";
import { withAppender, withRandomFile } from "../host/random-file.ts";
import type { AwsClock, EbsApi } from "./apis.ts";
import { type BlockMap, blockDigest, blockSize, diskChanged } from "./block-map.ts";
import { awsErrorCode } from "./failure.ts";
import { readSentLog, sentRecord } from "./sent-log.ts";
import { type UploadPlan, wireDigest } from "./upload-plan.ts";

/** A snapshot that was started may be unknown to the data plane for this long. */
const unknownSnapshotMs = 150_000;
/** A block that was damaged on its way is refused as if its signature were wrong. */
const damagedAttempts = 4;

interface Upload {
  readonly snapshotId: string;
  readonly disk: string;
  readonly map: BlockMap;
  readonly plan: UploadPlan;
  /** File that remembers the acknowledged blocks of this snapshot. */
  readonly sentLog: string;
  readonly inFlight: number;
}

/**
 * Puts the plan's blocks that the log does not name yet. Every block goes with its digest of the map, and EBS refuses one
 * with another: then the disk has changed. Memory is `inFlight` blocks. Returns how many the snapshot has taken in all.
 */
export async function uploadBlocks(
  context: Context,
  clock: AwsClock,
  ebs: EbsApi,
  upload: Upload,
): Promise<{ readonly sent: number; readonly resumed: boolean }> {
  const { plan, map, snapshotId } = upload;
  const before = await readSentLog(upload.sentLog, map);
  const missing = plan.send.filter((index) => !before.has(index));
  const knownBy = clock.now() + unknownSnapshotMs;
  let sent = plan.send.length - missing.length;
  const resumed = sent > 0;
  const progress = (): void =>
    context.emit({
      type: "step-progress",
      step: "upload",
      done: sent * blockSize,
      total: plan.send.length * blockSize,
      unit: "bytes",
    });
  progress();
  await withRandomFile(upload.disk, (file) =>
    withAppender(upload.sentLog, async (append) => {
      const free = Array.from({ length: upload.inFlight }, () => Buffer.alloc(blockSize));
      await mapLimit(missing, upload.inFlight, async (index) => {
        context.signal.throwIfAborted();
        const block = free.pop() ?? Buffer.alloc(blockSize);
        block.fill(0, await file.readAt(index * blockSize, block));
        const digest = wireDigest(map, index);
        const check = (): void => {
          if (!blockDigest(block).equals(digest)) throw diskChanged(upload.disk);
        };
        await patiently({ context, clock, knownBy, check }, () =>
          ebs.putSnapshotBlock({
            SnapshotId: snapshotId,
            BlockIndex: index,
            BlockData: block,
            DataLength: blockSize,
            Checksum: digest.toString("base64"),
            ChecksumAlgorithm: "SHA256",
          }),
        );
        await append(sentRecord(map, index));
        free.push(block);
        sent++;
        progress();
      });
    }),
  );
  return { sent, resumed };
}

interface Patience {
  readonly context: Context;
  readonly clock: AwsClock;
  readonly knownBy: number;
  /** Throws when what was sent is not what should have been. */
  readonly check: () => void;
}

/** Tries again while a new snapshot is not known yet, and when a block arrived damaged. */
async function patiently(
  { context, clock, knownBy, check }: Patience,
  put: () => Promise<unknown>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await put();
      return;
    } catch (error) {
      const code = awsErrorCode(error);
      const refused = code === "InvalidSignatureException" || code === "ValidationException";
      if (refused) check();
      const unknown = code === "ResourceNotFoundException" && clock.now() < knownBy;
      const damaged = code === "InvalidSignatureException" && tries < damagedAttempts;
      if (!unknown && !damaged) throw error;
      await clock.sleep(500 + Math.random() * 2000, context.signal);
    }
  }
}
