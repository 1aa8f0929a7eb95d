import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { needed } from "./needed.ts";
import { copyImageInput, registerImageInput } from "./image-input.ts";
import type { Journal } from "./journal.ts";
import { type PublishBuild, tagNames } from "./publish-types.ts";
import { refuseAnyTakenName, refuseTakenName } from "./taken-name.ts";
import { findImage, seenSoon, waitForImage } from "./waits.ts";

/** How often AWS may answer with an image that is gone before it is waited for all the same. */
const freshImages = 3;

export interface ImageWork {
  readonly context: Context;
  readonly aws: Aws;
  readonly build: PublishBuild;
  readonly region: string;
  readonly journal: Journal;
}

/** The AMI of the build in its home region: the journal's, one found by its tags, or a new one of the snapshot. */
export async function ensureHomeImage(
  work: ImageWork,
  snapshot: () => Promise<{ readonly snapshotId: string; readonly volumeGiB: number }>,
): Promise<Image> {
  return ensureImage(work, async () => {
    const { snapshotId, volumeGiB } = await snapshot();
    const ec2 = await work.aws.ec2(work.region);
    const registered = await ec2.registerImage(registerImageInput(work.build, snapshotId, volumeGiB));
    return needed(registered.ImageId);
  });
}

/** The AMI of the build in another region: the journal's, one found by its tags, or a new copy. */
export async function ensureCopy(work: ImageWork, home: { region: string; amiId: string }): Promise<Image> {
  const { aws, build, region, journal } = work;
  return ensureImage(work, async () => {
    const ec2 = await aws.ec2(region);
    const attempt = journal.state().copyAttempts?.[region] ?? 0;
    const copied = await ec2.copyImage(copyImageInput(build, region, home, attempt));
    return needed(copied.ImageId);
  });
}

async function ensureImage(work: ImageWork, make: () => Promise<string>): Promise<Image> {
  const { context, aws, region } = work;
  const known = (await findKnown(work)) ?? (await create(work, make));
  return runStep(context, `ami-${region}`, `AMI ${known} in ${region}`, async () => {
    const image = await waitForImage(context, aws, region, known);
    if (image.State === "available") return { value: image, note: known };
    await discard(work, image);
    const reason = image.StateReason?.Message ?? image.State ?? "";
    throw new IgneousError("aws-failed", `AMI ${known} in ${region} failed: ${reason}`, {
      hint: "run the same command again; it makes a new one in that region",
    });
  });
}

async function findKnown(work: ImageWork): Promise<string | undefined> {
  const { context, aws, region, journal } = work;
  const journaled = journal.state().images[region]?.amiId;
  if (journaled !== undefined) {
    const image = await seenSoon(context, aws, () => findImage(aws, region, journaled));
    if (image !== undefined) return journaled;
    context.emit({
      type: "warning",
      message: `AMI ${journaled} in ${region} was deregistered; making a new one`,
    });
    await forget(work);
  }
  const found = await findLive(work);
  if (found?.ImageId === undefined) return undefined;
  await remember(work, found.ImageId);
  return found.ImageId;
}

async function create(work: ImageWork, make: () => Promise<string>): Promise<string> {
  const { context, aws, region } = work;
  const failed = (await imagesOfBuild(work)).filter(({ State = "" }) => failedStates.has(State));
  // Of a run whose journal is lost: its client token would bring it back.
  for (const image of failed) await discard(work, image);
  await refuseTakenName(work);
  for (let tries = 1; ; tries++) {
    const amiId = await makeOrFind(work, make);
    await remember(work, amiId);
    const isThere = (await seenSoon(context, aws, () => findImage(aws, region, amiId))) !== undefined;
    if (isThere || tries >= freshImages) return amiId;
    // The client token was that of an image that was deregistered since.
    await forget(work);
  }
}

async function makeOrFind(work: ImageWork, make: () => Promise<string>): Promise<string> {
  try {
    return await make();
  } catch (error) {
    if (awsErrorCode(error) !== "InvalidAMIName.Duplicate") throw error;
    // Most likely ours, of a call whose answer was lost; AWS may show it a little later.
    const found = await seenSoon(work.context, work.aws, () => findLive(work));
    if (found?.ImageId !== undefined) return found.ImageId;
    await refuseAnyTakenName(work);
    throw error;
  }
}

const failedStates: ReadonlySet<string> = new Set(["failed", "error", "invalid"]);
const liveStates: ReadonlySet<string> = new Set(["available", "pending", "disabled"]);

async function findLive(work: ImageWork): Promise<Image | undefined> {
  return (await imagesOfBuild(work)).find(({ State = "" }) => liveStates.has(State));
}

async function imagesOfBuild({ aws, build, region }: ImageWork): Promise<readonly Image[]> {
  const ec2 = await aws.ec2(region);
  const { Images: images } = await ec2.describeImages({
    Owners: ["self"],
    IncludeDisabled: true,
    Filters: [
      { Name: `tag:${tagNames.build}`, Values: [build.buildId] },
      { Name: `tag:${tagNames.spec}`, Values: [build.specName] },
      { Name: `tag:${tagNames.disk}`, Values: [build.disk.sha256] },
    ],
  });
  return images ?? [];
}

async function remember({ journal, region }: ImageWork, amiId: string): Promise<void> {
  await journal.update((state) => ({ ...state, images: { ...state.images, [region]: { amiId } } }));
}

async function forget({ journal, region }: ImageWork): Promise<void> {
  await journal.update(({ images, ...state }) => {
    const { [region]: _gone, ...kept } = images;
    const attempts = { ...state.copyAttempts, [region]: (state.copyAttempts?.[region] ?? 0) + 1 };
    return { ...state, images: kept, copyAttempts: attempts };
  });
}

/** Takes a failed image away, with the snapshot that belongs to it alone, so that the next run can make a new one. */
async function discard(work: ImageWork, image: Image): Promise<void> {
  const { aws, build, region, journal } = work;
  const ec2 = await aws.ec2(region);
  const ignoreMissing = (error: unknown): void => {
    if (!/NotFound|Unavailable/u.test(awsErrorCode(error))) throw error;
  };
  await ec2.deregisterImage({ ImageId: needed(image.ImageId) }).catch(ignoreMissing);
  const snapshotId = image.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId;
  const isHome = region === build.publish.regions[0] || journal.state().snapshot?.snapshotId === snapshotId;
  if (snapshotId !== undefined && !isHome) {
    await ec2.deleteSnapshot({ SnapshotId: snapshotId }).catch(ignoreMissing);
  }
  await forget(work);
}
