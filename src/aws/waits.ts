import type { Image, Snapshot } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";

/** How long something that was just made may be missing from Describe calls. */
const visibleWithinMs = 90_000;
const snapshotWithinMs = 3_600_000;
const imageWithinMs = 4 * 3_600_000;
const sightingsWanted = 3;

/** A snapshot of this account, or undefined. */
export async function findSnapshot(
  aws: Aws,
  region: string,
  snapshotId: string,
): Promise<Snapshot | undefined> {
  const ec2 = await aws.ec2(region);
  try {
    return (await ec2.describeSnapshots({ SnapshotIds: [snapshotId] })).Snapshots?.[0];
  } catch (error) {
    if (awsErrorCode(error) === "InvalidSnapshot.NotFound") return undefined;
    throw error;
  }
}

/** An image that is not deregistered, or undefined. */
export async function findImage(aws: Aws, region: string, amiId: string): Promise<Image | undefined> {
  const ec2 = await aws.ec2(region);
  try {
    const { Images: images } = await ec2.describeImages({ ImageIds: [amiId], IncludeDisabled: true });
    return images?.find(({ State }) => State !== "deregistered");
  } catch (error) {
    if (awsErrorCode(error).startsWith("InvalidAMIID.")) return undefined;
    throw error;
  }
}

/** Looks again for a while when something is missing that should be there, since new things are seen late. */
export async function seenSoon<T>(
  context: Context,
  aws: Aws,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const until = aws.clock.now() + visibleWithinMs;
  for (;;) {
    const found = await find();
    if (found !== undefined || aws.clock.now() >= until) return found;
    await aws.clock.sleep(3000, context.signal);
  }
}

/** Waits until EBS has put a snapshot together. `error` is given back, for the caller to clean up. */
export async function waitForSnapshot(
  context: Context,
  aws: Aws,
  region: string,
  snapshotId: string,
): Promise<Snapshot> {
  const until = aws.clock.now() + snapshotWithinMs;
  for (let wait = 1000; ; wait = Math.min(wait * 1.5, 15_000)) {
    const snapshot = await findSnapshot(aws, region, snapshotId);
    if (snapshot?.State === "completed" || snapshot?.State === "error") return snapshot;
    if (aws.clock.now() >= until) throw late(`snapshot ${snapshotId} in ${region}`, "completed");
    await aws.clock.sleep(wait, context.signal);
  }
}

/** Waits until an image was seen available three times, since one answer may come from a place that knows less. */
export async function waitForImage(
  context: Context,
  aws: Aws,
  region: string,
  amiId: string,
): Promise<Image> {
  const until = aws.clock.now() + imageWithinMs;
  let sightings = 0;
  for (let wait = 2000; ; ) {
    const image = await findImage(aws, region, amiId);
    if (image?.State === "failed" || image?.State === "error" || image?.State === "invalid") return image;
    sightings = image?.State === "available" ? sightings + 1 : 0;
    if (image !== undefined && sightings >= sightingsWanted) return image;
    if (aws.clock.now() >= until) throw late(`AMI ${amiId} in ${region}`, "available");
    wait = sightings > 0 ? 1000 : Math.min(wait * 1.5, 20_000);
    await aws.clock.sleep(wait, context.signal);
  }
}

function late(what: string, state: string): IgneousError {
  return new IgneousError("aws-timeout", `${what} is still not ${state}`, {
    hint: "run the same command again; it goes on waiting for the same one",
  });
}
