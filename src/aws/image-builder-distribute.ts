import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { shortArn, waitForImageEnd } from "./image-builder-image.ts";
import { ownTags } from "./image-builder-input.ts";
import { type ImageBuilderAmi, missingRegions, settleAmi } from "./image-builder-publish.ts";
import { ensureDistribution, homeRegion, requestToken } from "./image-builder-resources.ts";
import { type DistributedBuild, imageStep } from "./image-builder-types.ts";
import { needed } from "./needed.ts";
import { type PublishFailure, tagNames } from "./publish-types.ts";

export interface DistributedImage {
  /** ARN of Image Builder's image. */
  readonly imageArn: string;
  readonly amis: readonly ImageBuilderAmi[];
  readonly failures: readonly PublishFailure[];
}

/** Has EC2 Image Builder bring an AMI of the home region, whoever made it, to the spec's other regions. */
export async function distributeByImageBuilder(
  context: Context,
  aws: Aws,
  build: DistributedBuild,
  amiId: string,
): Promise<DistributedImage> {
  const { executionRole } = build.imageBuilder;
  if (executionRole === undefined) {
    throw new IgneousError("input-invalid", "igneous.yaml names no role that may distribute", {
      hint: "add imageBuilder.executionRole: a role that imagebuilder.amazonaws.com may assume",
    });
  }
  const region = homeRegion(build);
  const api = await aws.imageBuilder(region);
  const others = { ...build, publish: { ...build.publish, regions: build.publish.regions.slice(1) } };
  const distributionConfigurationArn = await ensureDistribution(api, others);
  const image = await runStep(context, imageStep, "distribution by EC2 Image Builder", async () => {
    const { imageBuildVersionArn } = await api.distributeImage({
      sourceImage: amiId,
      distributionConfigurationArn,
      executionRole,
      tags: { ...ownTags(build), [tagNames.build]: build.buildId },
      // The same AMI to the same regions is the same request, also after a kill.
      clientToken: requestToken("distribute", amiId, distributionConfigurationArn),
    });
    const value = await waitForImageEnd(context, aws, api, others, needed(imageBuildVersionArn));
    return { value, note: shortArn(value.arn) };
  });
  const settled = await Promise.all(image.amis.map((ami) => settleAmi(context, aws, build, ami)));
  const amis = settled.filter((entry) => entry !== undefined);
  return { imageArn: image.arn, amis, failures: missingRegions(others, amis, image.failure) };
}
