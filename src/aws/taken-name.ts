import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { imageName } from "./image-input.ts";
import { type PublishBuild, tagNames } from "./publish-types.ts";

/** After so long everybody sees an AMI with its tags. */
const settledWithinMs = 10 * 60_000;

interface Place {
  readonly aws: Aws;
  readonly build: PublishBuild;
  readonly region: string;
}

/** An old AMI with our name and without our tags is somebody else's. A new one may be ours, not tagged yet. */
export async function refuseTakenName(place: Place): Promise<void> {
  const latest = place.aws.clock.now() - settledWithinMs;
  const images = await foreignImages(place);
  refuse(
    place,
    images.find(({ CreationDate = "" }) => Date.parse(CreationDate) < latest),
  );
}

/** The same of whatever age, after AWS said that the name is taken and nothing of ours came to light. */
export async function refuseAnyTakenName(place: Place): Promise<void> {
  const [image] = await foreignImages(place);
  refuse(place, image);
}

/**
 * Tells before anything is sent in which of the regions no copy can be made as things are. Only warns: the others go on, and
 * what is in the way may be gone when the copy is asked for.
 */
export async function warnOfCopies(
  context: Context,
  aws: Aws,
  build: PublishBuild,
  regions: readonly string[],
): Promise<void> {
  const look = async (region: string): Promise<void> => {
    try {
      await refuseTakenName({ aws, build, region });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof IgneousError)) throw error;
      const { message, hint } = error;
      context.emit({ type: "warning", message, ...(hint === undefined ? {} : { hint }) });
    }
  };
  await Promise.all(regions.map(look));
}

async function foreignImages({ aws, build, region }: Place): Promise<readonly Image[]> {
  const ec2 = await aws.ec2(region);
  const Filters = [{ Name: "name", Values: [imageName(build)] }];
  const { Images = [] } = await ec2.describeImages({ Owners: ["self"], IncludeDisabled: true, Filters });
  return Images.filter((image) => holdsName(image) && !isOfBuild(image, build));
}

/** EC2 shows failed and deregistered images for a while; they hold no name. */
function holdsName({ State }: Image): boolean {
  return State !== "failed" && State !== "deregistered";
}

function isOfBuild({ Tags = [] }: Image, { buildId, specName, disk }: PublishBuild): boolean {
  const has = (key: string, value: string): boolean =>
    Tags.some(({ Key, Value }) => Key === key && Value === value);
  return has(tagNames.build, buildId) && has(tagNames.spec, specName) && has(tagNames.disk, disk.sha256);
}

function refuse({ build, region }: Place, image: Image | undefined): void {
  if (image?.ImageId === undefined) return;
  const deregister = `aws ec2 deregister-image --region ${region} --image-id ${image.ImageId}`;
  throw new IgneousError(
    "aws-name-taken",
    `AMI ${image.ImageId} in ${region} has the name ${imageName(build)} already, and is not of this build's disk`,
    {
      hint: `deregister that AMI ('${deregister}') and run the same command again, or change the name of the spec; igneous does not take over foreign AMIs`,
    },
  );
}
