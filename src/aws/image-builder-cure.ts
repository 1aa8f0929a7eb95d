import { IgneousError } from "../core/errors.ts";
import type { DistributedBuild } from "./image-builder-types.ts";

/** The cure of what is known to go wrong with Image Builder, by the words of its message. */
export function findCure(build: DistributedBuild, message: string): string | undefined {
  const { instanceProfile, payload } = build.imageBuilder;
  const known: readonly (readonly [RegExp, string])[] = [
    [
      /instance profile|iam.?instance/iu,
      `make the instance profile '${instanceProfile}' with the policies EC2InstanceProfileForImageBuilder and AmazonSSMManagedInstanceCore, and s3:GetObject on ${payload}/*`,
    ],
    [
      /service.linked role|AWSServiceRoleForImageBuilder/iu,
      "make the role with: aws iam create-service-linked-role --aws-service-name imagebuilder.amazonaws.com",
    ],
    [
      /SSM|Systems Manager/u,
      "the parent image needs the SSM agent, and its subnet a way to Systems Manager; add the agent to the base of the parent image",
    ],
    [
      /Fetch|S3Download|NoSuchKey|AccessDenied/u,
      `see that the instance profile '${instanceProfile}' may s3:GetObject on ${payload}/*, and run the same command again: it puts the payload back where it is missing`,
    ],
    [
      /Verify|sha256|checksum/iu,
      `what is at ${payload} is not what was put there; find out who changed it, delete it, and run the same command again`,
    ],
  ];
  return known.find(([pattern]) => pattern.test(message))?.[1];
}

/** Runs what asks Image Builder for something; an error whose cause is known comes with its cure. */
export async function withCure<T>(build: DistributedBuild, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof IgneousError) || error.code !== "aws-failed") throw error;
    const hint = findCure(build, error.message);
    throw hint === undefined ? error : new IgneousError(error.code, error.message, { hint, cause: error });
  }
}
