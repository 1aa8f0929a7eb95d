import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { needed } from "./needed.ts";
import { deprecationTime, launchPermissions, parameterInput, permissionKey } from "./image-input.ts";
import type { PublishSpec } from "./publish-types.ts";

const parameterWithinMs = 120_000;

/** Brings an available image to what the spec asks for: protected, deprecated later, shared, named by a parameter. Only what differs is called. */
export async function settleImage(
  context: Context,
  aws: Aws,
  spec: PublishSpec,
  region: string,
  image: Image,
): Promise<void> {
  const ec2 = await aws.ec2(region);
  const amiId = needed(image.ImageId);
  const deprecateAt = deprecationTime(spec, new Date(needed(image.CreationDate)));
  if (deprecateAt !== undefined && !sameMinute(image.DeprecationTime, deprecateAt)) {
    await ec2.enableImageDeprecation({ ImageId: amiId, DeprecateAt: deprecateAt });
  }
  const isProtected = image.DeregistrationProtection?.startsWith("enabled") === true;
  if (spec.protect === true && !isProtected) {
    await ec2.enableImageDeregistrationProtection({ ImageId: amiId });
  }
  const wanted = launchPermissions(spec);
  if (wanted.length > 0) {
    const { LaunchPermissions: granted } = await ec2.describeImageAttribute({
      ImageId: amiId,
      Attribute: "launchPermission",
    });
    const have = new Set((granted ?? []).map(permissionKey));
    const missing = wanted.filter((permission) => !have.has(permissionKey(permission)));
    if (missing.length > 0) {
      await ec2.modifyImageAttribute({ ImageId: amiId, LaunchPermission: { Add: [...missing] } });
    }
  }
  if (spec.ssmParameter !== undefined) await writeParameter(context, aws, region, spec.ssmParameter, amiId);
}

export function sameMinute(found: string | undefined, wanted: Date): boolean {
  return found !== undefined && Math.abs(new Date(found).getTime() - wanted.getTime()) < 60_000;
}

/** The value of a parameter, or undefined when there is none. */
export async function findParameter(aws: Aws, region: string, name: string): Promise<string | undefined> {
  const ssm = await aws.ssm(region);
  try {
    return (await ssm.getParameter({ Name: name })).Parameter?.Value;
  } catch (error) {
    if (awsErrorCode(error) === "ParameterNotFound") return undefined;
    throw error;
  }
}

async function writeParameter(
  context: Context,
  aws: Aws,
  region: string,
  name: string,
  amiId: string,
): Promise<void> {
  if ((await findParameter(aws, region, name)) === amiId) return;
  const ssm = await aws.ssm(region);
  await ssm.putParameter(parameterInput(name, amiId));
  // AWS looks at the AMI after it has answered, and keeps the old value when it does not like it.
  const until = aws.clock.now() + parameterWithinMs;
  while ((await findParameter(aws, region, name)) !== amiId) {
    if (aws.clock.now() >= until) {
      throw new IgneousError("aws-failed", `parameter ${name} in ${region} did not become ${amiId}`, {
        hint: `check that ssm:PutParameter of ${name} may use ec2:DescribeImages, then run the same command again`,
      });
    }
    await aws.clock.sleep(2000, context.signal);
  }
}
