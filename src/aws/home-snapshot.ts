import type { Snapshot } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { formatBytes } from "../core/units.ts";
import type { Aws } from "./apis.ts";
import { type BlockMap, blockSize, findBlockMap } from "./block-map.ts";
import { awsErrorCode } from "./failure.ts";
import { completeSnapshotInput, encryptionIn, startSnapshotInput } from "./image-input.ts";
import { type Journal, type JournalSnapshot, sentLogPath } from "./journal.ts";
import { type BlockCounts, type PublishBuild, tagNames } from "./publish-types.ts";
import { uploadBlocks } from "./upload.ts";
import { planUpload, type UploadPlan, volumeGiB } from "./upload-plan.ts";
import { findSnapshot, seenSoon, waitForSnapshot } from "./waits.ts";

const freshStarts = 3;

export interface HomeSnapshot {
  readonly snapshotId: string;
  readonly account: string;
  readonly parentSnapshotId?: string;
  readonly blocks: BlockCounts;
}

interface Work {
  readonly context: Context;
  readonly aws: Aws;
  readonly build: PublishBuild;
  readonly region: string;
  readonly map: BlockMap;
  readonly journal: Journal;
  readonly inFlight: number;
}

/** Makes the snapshot of the disk in the home region, or goes on with the one that an earlier run began. */
export async function ensureSnapshot(work: Work): Promise<HomeSnapshot> {
  for (let tries = 1; ; tries++) {
    const begun = await begin(work);
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

type Begun = JournalSnapshot & { readonly snapshotId: string; readonly account: string };

async function begin(work: Work): Promise<Begun> {
  const { aws, build, region, map, journal } = work;
  const adopted = await adopt(work);
  if (adopted !== undefined) return adopted;
  const wanted = journal.state().snapshot ?? (await chooseParameters(work));
  await journal.update((state) => ({ ...state, snapshot: wanted }));
  const ebs = await aws.ebs(region);
  const { attempt } = journal.state();
  try {
    const started = await ebs.startSnapshot(startSnapshotInput(build, wanted, volumeGiB(map), attempt));
    const begun = { ...wanted, snapshotId: needed(started.SnapshotId), account: needed(started.OwnerId) };
    await journal.update((state) => ({ ...state, snapshot: begun }));
    return begun;
  } catch (error) {
    if (awsErrorCode(error) === "ConflictException" && attempt < freshStarts) {
      // An earlier run, whose journal is lost, asked for it with another parent or key.
      await removeUnfinished(work);
      await startAnew(journal);
      return begin(work);
    }
    if (awsErrorCode(error) === "ResourceNotFoundException" && wanted.parent !== undefined) {
      work.context.emit({
        type: "note",
        message: `the parent ${wanted.parent.snapshotId} is gone: all blocks are sent`,
      });
      const { parent: _parent, ...full } = wanted;
      await journal.update((state) => ({ ...state, attempt: state.attempt + 1, snapshot: full }));
      return begin(work);
    }
    throw error;
  }
}

/** The journal's snapshot, or a finished one of this build that was made without this journal. */
async function adopt({ context, aws, build, region, journal }: Work): Promise<Begun | undefined> {
  const known = journal.state().snapshot;
  if (known?.snapshotId !== undefined && known.account !== undefined) {
    return { ...known, snapshotId: known.snapshotId, account: known.account };
  }
  const found = (await buildSnapshots(aws, build, region)).find(({ State }) => State === "completed");
  if (found?.SnapshotId === undefined) return undefined;
  context.emit({ type: "note", message: `found ${found.SnapshotId} in ${region} by its tags` });
  const begun: Begun = {
    region,
    encrypted: found.Encrypted === true,
    snapshotId: found.SnapshotId,
    account: needed(found.OwnerId),
    completed: true,
  };
  await journal.update((state) => ({ ...state, snapshot: begun }));
  return begun;
}

async function buildSnapshots(aws: Aws, build: PublishBuild, region: string): Promise<readonly Snapshot[]> {
  const ec2 = await aws.ec2(region);
  const { Snapshots: found } = await ec2.describeSnapshots({
    OwnerIds: ["self"],
    Filters: [
      { Name: `tag:${tagNames.build}`, Values: [build.buildId] },
      { Name: `tag:${tagNames.spec}`, Values: [build.specName] },
      { Name: `tag:${tagNames.disk}`, Values: [build.disk.sha256] },
    ],
  });
  return found ?? [];
}

async function removeUnfinished({ aws, build, region }: Work): Promise<void> {
  const ec2 = await aws.ec2(region);
  for (const { SnapshotId, State } of await buildSnapshots(aws, build, region)) {
    if (SnapshotId !== undefined && State !== "completed") await ec2.deleteSnapshot({ SnapshotId });
  }
}

/** Only a parent whose blocks we know, in this account, with the encryption that is wanted, saves anything. */
async function chooseParameters({ context, aws, build, region, map }: Work): Promise<JournalSnapshot> {
  const plain: JournalSnapshot = { region, ...encryptionIn(build.publish, region) };
  const parent = build.parent;
  const ami = parent?.amis.find((entry) => entry.region === region);
  if (parent === undefined || ami === undefined) return plain;
  const full = (why: string): JournalSnapshot => {
    context.emit({ type: "note", message: `all blocks are sent: the parent ${ami.snapshotId} ${why}` });
    return plain;
  };
  const snapshot = await findSnapshot(aws, region, ami.snapshotId);
  if (snapshot === undefined) return full("is gone");
  if (snapshot.State !== "completed") return full(`is ${snapshot.State}`);
  if (snapshot.StorageTier === "archive") return full("is archived");
  const parentMap = await findBlockMap(parent.folder);
  const disk = snapshot.Tags?.find(({ Key }) => Key === tagNames.disk)?.Value;
  if (parentMap === undefined) return full(`has no block digests in ${parent.folder}`);
  if (disk !== parentMap.diskSha256) return full("is not of the disk whose digests are kept");
  if ((snapshot.VolumeSize ?? 0) > volumeGiB(map)) return full("is of a larger volume");
  const sameKey = plain.kmsKey === undefined || plain.kmsKey === snapshot.KmsKeyId;
  if ((snapshot.Encrypted === true) !== plain.encrypted || !sameKey) return full("is encrypted differently");
  return { ...plain, parent: { snapshotId: ami.snapshotId, buildId: parent.buildId } };
}

/** The block digests of the parent, where they are kept and it is published in the home region. */
export async function findParentMap(build: PublishBuild): Promise<BlockMap | undefined> {
  const [home] = build.publish.regions;
  const published = build.parent?.amis.some(({ region }) => region === home) === true;
  return build.parent === undefined || !published ? undefined : findBlockMap(build.parent.folder);
}

/** Sends what is missing and waits. Undefined when EBS gave the snapshot up and a new one must be started. */
async function finish(work: Work, begun: Begun): Promise<HomeSnapshot | undefined> {
  const { context, aws, build, region, map, journal } = work;
  const { snapshotId } = begun;
  const parentMap = begun.parent === undefined ? undefined : await findParentMap(build);
  if (begun.parent !== undefined && parentMap === undefined) return abandon(work, snapshotId);
  const plan = planUpload(map, parentMap);
  const look = (): Promise<Snapshot | undefined> => findSnapshot(aws, region, snapshotId);
  const now = await (begun.completed === true ? seenSoon(context, aws, look) : look());
  if (now?.State === "error" || (now === undefined && begun.completed === true)) {
    return abandon(work, snapshotId);
  }
  let sent = begun.sent ?? 0;
  if (now?.State !== "completed" && begun.completed !== true) {
    const uploaded = await upload(work, snapshotId, plan);
    if (uploaded === undefined) return abandon(work, snapshotId);
    sent = uploaded;
    await complete(work, snapshotId, plan.send.length, plan.aggregate);
    await journal.update((state) => ({ ...state, snapshot: { ...begun, sent, completed: true } }));
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

/** Undefined when the snapshot was deleted or given up under us. */
async function upload(work: Work, snapshotId: string, plan: UploadPlan): Promise<number | undefined> {
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
    const snapshot = await findSnapshot(aws, region, snapshotId);
    if (snapshot?.State === "error") return undefined;
    throw error;
  }
}

async function complete(work: Work, snapshotId: string, count: number, aggregate: string): Promise<void> {
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

async function abandon(work: Work, snapshotId: string): Promise<undefined> {
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

async function startAnew(journal: Journal): Promise<void> {
  await journal.update(({ snapshot: _snapshot, ...state }) => ({ ...state, attempt: state.attempt + 1 }));
}

/** A member that AWS always sends and its model leaves open. */
export function needed(value: string | undefined): string {
  if (value === undefined) throw new Error("AWS left out a member that it always sends");
  return value;
}
