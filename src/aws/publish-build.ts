import { join } from "node:path";
import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { withProcessLock } from "../host/process-lock.ts";
import type { Aws } from "./apis.ts";
import { readBlockMap } from "./block-map.ts";
import { ensureSnapshot, type HomeSnapshot } from "./home-snapshot.ts";
import { needed } from "./needed.ts";
import { openJournal } from "./journal.ts";
import { refusePublishProblems } from "./publish-rules.ts";
import type {
  BlockCounts,
  PublishBuild,
  PublishedAmi,
  PublishFailure,
  PublishResult,
} from "./publish-types.ts";
import { ensureCopy, ensureHomeImage } from "./region-image.ts";
import { settleImage } from "./settle.ts";
import { warnOfCopies } from "./taken-name.ts";
import { planUpload, volumeGiB } from "./upload-plan.ts";

export interface PublishOptions {
  /** Blocks under way at once, instead of what the spec says. */
  readonly inFlight?: number;
}

/**
 * Makes the build's disk an AMI in every region of its spec. Can be stopped at any moment and run again: what is there
 * is found by the journal, client tokens and tags, and nothing is made twice. A region that fails does not stop the
 * others; it is named in the result.
 */
export async function publishBuild(
  context: Context,
  aws: Aws,
  build: PublishBuild,
  options: PublishOptions = {},
): Promise<PublishResult> {
  refusePublishProblems(build.publish);
  return withProcessLock(context, join(build.folder, "publish.lock"), 10_000, () =>
    publishLocked(context, aws, build, options),
  );
}

async function publishLocked(
  context: Context,
  aws: Aws,
  build: PublishBuild,
  options: PublishOptions,
): Promise<PublishResult> {
  const [homeRegion = "", ...otherRegions] = build.publish.regions;
  const journal = await openJournal(build.folder, build.buildId, build.disk.sha256);
  const map = await runStep(context, "digest", "block digests of the disk", async () => ({
    value: await readBlockMap(context, build.folder, build.disk),
  }));
  const inFlight = options.inFlight ?? build.publish.inFlight ?? 64;
  const shared = { context, aws, build, journal };
  let snapshot: HomeSnapshot | undefined;
  const home = await ensureHomeImage({ ...shared, region: homeRegion }, async () => {
    await warnOfCopies(context, aws, build, otherRegions);
    snapshot = await ensureSnapshot({ ...shared, region: homeRegion, map, inFlight });
    return { snapshotId: snapshot.snapshotId, volumeGiB: volumeGiB(map) };
  });
  const journaled = journal.state().snapshot;
  const recorded = journaled?.region === homeRegion ? journaled : undefined;
  const plan = planUpload(map);
  const counts: BlockCounts = snapshot?.blocks ?? {
    total: plan.total,
    nonZero: plan.nonZero,
    changed: recorded?.sent ?? 0,
    sent: recorded?.sent ?? 0,
  };
  const parentSnapshotId = snapshot?.parentSnapshotId ?? recorded?.parent?.snapshotId;
  const finishRegion = async (region: string, image: () => Promise<Image>): Promise<PublishedAmi> => {
    const found = await image();
    await settleImage(context, aws, build.publish, region, found);
    const isHome = region === homeRegion;
    const blocks = isHome ? counts : { ...counts, sent: 0 };
    const ami = publishedAmi(region, found, blocks);
    return isHome && parentSnapshotId !== undefined ? { ...ami, parentSnapshotId } : ami;
  };
  const source = { region: homeRegion, amiId: needed(home.ImageId) };
  const regions = [
    { region: homeRegion, image: () => Promise.resolve(home) },
    ...otherRegions.map((region) => ({ region, image: () => ensureCopy({ ...shared, region }, source) })),
  ];
  const settled = await Promise.allSettled(regions.map(({ region, image }) => finishRegion(region, image)));
  context.signal.throwIfAborted();
  const amis: PublishedAmi[] = [];
  const failures: PublishFailure[] = [];
  for (const [index, outcome] of settled.entries()) {
    const region = regions[index]?.region ?? "";
    if (outcome.status === "fulfilled") amis.push(outcome.value);
    else failures.push(publishFailure(region, outcome.reason));
  }
  return { buildId: build.buildId, amis, failures };
}

function publishedAmi(region: string, image: Image, blocks: BlockCounts): PublishedAmi {
  const ebs = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName)?.Ebs;
  return {
    account: needed(image.OwnerId),
    region,
    amiId: needed(image.ImageId),
    snapshotId: needed(ebs?.SnapshotId),
    encrypted: ebs?.Encrypted === true,
    blocks,
  };
}

function publishFailure(region: string, error: unknown): PublishFailure {
  if (!(error instanceof IgneousError)) throw error;
  const { code, message, hint } = error;
  return { region, code, message, ...(hint === undefined ? {} : { hint }) };
}
