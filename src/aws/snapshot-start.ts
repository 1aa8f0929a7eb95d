import type { Snapshot } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import type { Aws } from "./apis.ts";
import { type BlockMap, findBlockMap } from "./block-map.ts";
import { awsErrorCode } from "./failure.ts";
import { encryptionIn, startSnapshotInput } from "./image-input.ts";
import type { Journal, JournalSnapshot } from "./journal.ts";
import { needed } from "./needed.ts";
import { type PublishBuild, tagNames } from "./publish-types.ts";
import { volumeGiB } from "./upload-plan.ts";
import { findSnapshot } from "./waits.ts";

/** How often a snapshot is started anew when EBS gives it up. */
export const freshStarts = 3;

export interface SnapshotWork {
  readonly context: Context;
  readonly aws: Aws;
  readonly build: PublishBuild;
  readonly region: string;
  readonly map: BlockMap;
  readonly journal: Journal;
  readonly inFlight: number;
}

export type Begun = JournalSnapshot & {
  readonly snapshotId: string;
  readonly account: string;
  readonly isNew?: true;
};

/** The snapshot that this build goes on with: the journal's, one found by its tags, or a new one. */
export async function beginSnapshot(work: SnapshotWork): Promise<Begun> {
  const { aws, build, region, map, journal } = work;
  const journaled = journal.state().snapshot;
  // The home region was another in an earlier run, whose AMI is made of that snapshot.
  if (journaled !== undefined && journaled.region !== region) await startAnew(journal);
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
    return { ...begun, isNew: true };
  } catch (error) {
    if (awsErrorCode(error) === "ConflictException" && attempt < freshStarts) {
      // An earlier run, whose journal is lost, asked for it with another parent or key.
      await removeUnfinished(work);
      await startAnew(journal);
      return beginSnapshot(work);
    }
    if (awsErrorCode(error) === "ResourceNotFoundException" && wanted.parent !== undefined) {
      work.context.emit({
        type: "note",
        message: `the parent ${wanted.parent.snapshotId} is gone: all blocks are sent`,
      });
      const { parent: _parent, ...full } = wanted;
      await journal.update((state) => ({ ...state, attempt: state.attempt + 1, snapshot: full }));
      return beginSnapshot(work);
    }
    throw error;
  }
}

/** The journal's snapshot, or a finished one of this build that was made without this journal. */
async function adopt({ context, aws, build, region, journal }: SnapshotWork): Promise<Begun | undefined> {
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

async function removeUnfinished({ aws, build, region }: SnapshotWork): Promise<void> {
  const ec2 = await aws.ec2(region);
  for (const { SnapshotId, State } of await buildSnapshots(aws, build, region)) {
    if (SnapshotId !== undefined && State !== "completed") await ec2.deleteSnapshot({ SnapshotId });
  }
}

/** Only a parent whose blocks we know, in this account, with the encryption that is wanted, saves anything. */
async function chooseParameters({
  context,
  aws,
  build,
  region,
  map,
}: SnapshotWork): Promise<JournalSnapshot> {
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

/** Forgets the snapshot; the next one gets a client token of its own. */
export async function startAnew(journal: Journal): Promise<void> {
  await journal.update(({ snapshot: _snapshot, ...state }) => ({ ...state, attempt: state.attempt + 1 }));
}
