import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import type { Aws } from "./apis.ts";
import { chunks } from "./inventory.ts";
import type { PublishedAmi } from "./publish-types.ts";

type AmiReference = Pick<PublishedAmi, "region" | "amiId" | "snapshotId" | "account">;

export interface StatusRequest {
  /** The lock's builds, newest first. */
  readonly builds: readonly { readonly buildId: string; readonly amis: readonly AmiReference[] }[];
}

export interface AmiStatus extends AmiReference {
  /** AWS's word (available, pending, disabled, …), `missing`, or `unknown` when the region did not answer. */
  readonly state: string;
  readonly deprecatedAt?: string;
  /** Why the state is unknown. */
  readonly problem?: string;
}

export interface BuildStatus {
  readonly buildId: string;
  readonly amis: readonly AmiStatus[];
}

/** Asks each region once for all AMIs that the lock names there; a region that fails does not hold up the others. */
export async function readStatus(
  context: Context,
  aws: Aws,
  { builds }: StatusRequest,
): Promise<readonly BuildStatus[]> {
  const all = builds.flatMap(({ amis }) => amis);
  const regions = [...new Set(all.map(({ region }) => region))];
  const answers = new Map<string, ReadonlyMap<string, Image> | string>();
  await mapLimit(regions, 16, async (region) => {
    const ids = all.filter((ami) => ami.region === region).map(({ amiId }) => amiId);
    answers.set(region, await imagesOf(context, aws, region, ids));
  });
  return builds.map(({ buildId, amis }) => ({
    buildId,
    amis: amis.map((ami) => amiStatus(ami, answers.get(ami.region) ?? "not asked")),
  }));
}

async function imagesOf(
  context: Context,
  aws: Aws,
  region: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Image> | string> {
  const found = new Map<string, Image>();
  try {
    const ec2 = await aws.ec2(region);
    for (const some of chunks(ids, 100)) {
      // A filter, because asking for ids fails as a whole when one of them is gone.
      const Filters = [{ Name: "image-id", Values: [...some] }];
      const { Images: images } = await ec2.describeImages({
        Filters,
        IncludeDeprecated: true,
        IncludeDisabled: true,
      });
      for (const image of images ?? []) found.set(image.ImageId ?? "", image);
    }
    return found;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof IgneousError) return error.message;
    throw error;
  }
}

function amiStatus(ami: AmiReference, answer: ReadonlyMap<string, Image> | string): AmiStatus {
  const { region, amiId, snapshotId, account } = ami;
  const reference = { region, amiId, snapshotId, account };
  if (typeof answer === "string") return { ...reference, state: "unknown", problem: answer };
  const image = answer.get(amiId);
  if (image === undefined) return { ...reference, state: "missing" };
  const { State = "unknown", DeprecationTime } = image;
  return {
    ...reference,
    state: State,
    ...(DeprecationTime === undefined ? {} : { deprecatedAt: DeprecationTime }),
  };
}
