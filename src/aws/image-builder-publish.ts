import type { Ami } from "@aws-sdk/client-imagebuilder";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { withCure } from "./image-builder-cure.ts";
import { buildImage, shortArn } from "./image-builder-image.ts";
import { ensureParts, ensurePipeline } from "./image-builder-resources.ts";
import { type DistributedBuild, type ImageBuilderBuild, imageStep } from "./image-builder-types.ts";
import { snapshotsOf } from "./inventory.ts";
import { needed } from "./needed.ts";
import type { PublishFailure } from "./publish-types.ts";
import { settleImage } from "./settle.ts";
import { findImage, seenSoon } from "./waits.ts";

/** An AMI that Image Builder made, as the lock records it. */
export interface ImageBuilderAmi {
  readonly account: string;
  readonly region: string;
  readonly amiId: string;
  readonly snapshotId: string;
  readonly encrypted: boolean;
}

export interface ImageBuilderResult {
  /** ARN of the image's build version. */
  readonly imageArn: string;
  readonly componentVersion: string;
  readonly recipeVersion: string;
  readonly pipelineArn?: string;
  readonly amis: readonly ImageBuilderAmi[];
  /** Regions without an AMI; the next run distributes again. */
  readonly failures: readonly PublishFailure[];
}

/**
 * Has EC2 Image Builder make the build's AMIs, and waits for them. Can be stopped at any moment and run again: versions,
 * configurations and the image are found by their content and tags, and nothing is made twice or overwritten.
 */
export function publishByImageBuilder(
  context: Context,
  aws: Aws,
  build: ImageBuilderBuild,
): Promise<ImageBuilderResult> {
  return withCure(build, () => buildAndSettle(context, aws, build));
}

async function buildAndSettle(
  context: Context,
  aws: Aws,
  build: ImageBuilderBuild,
): Promise<ImageBuilderResult> {
  const parts = await ensureParts(context, aws, build);
  const pipelineArn =
    build.imageBuilder.schedule === undefined ? undefined : await ensurePipeline(aws, build, parts);
  const image = await runStep(context, imageStep, "image by EC2 Image Builder", async () => {
    const value = await buildImage(context, aws, build, parts);
    return { value, note: shortArn(value.arn) };
  });
  const settled = await Promise.all(image.amis.map((ami) => settleAmi(context, aws, build, ami)));
  const amis = settled.filter((entry) => entry !== undefined);
  return {
    imageArn: image.arn,
    componentVersion: parts.component.version,
    recipeVersion: parts.recipe.version,
    ...(pipelineArn === undefined ? {} : { pipelineArn }),
    amis,
    failures: missingRegions(build, amis, image.failure),
  };
}

/** Brings an AMI to what the spec asks for beyond Image Builder's distribution: deprecation, protection, parameter. */
export async function settleAmi(
  context: Context,
  aws: Aws,
  build: DistributedBuild,
  { region, image: amiId, accountId }: Ami,
): Promise<ImageBuilderAmi | undefined> {
  const place = needed(region);
  const id = needed(amiId);
  const image = await seenSoon(context, aws, () => findImage(aws, place, id));
  if (image === undefined) return undefined;
  await settleImage(context, aws, build.publish, place, image);
  const [mapping] = image.BlockDeviceMappings ?? [];
  return {
    account: accountId ?? needed(image.OwnerId),
    region: place,
    amiId: id,
    snapshotId: needed(snapshotsOf(image)[0]),
    encrypted: mapping?.Ebs?.Encrypted === true,
  };
}

/** Why regions of a spec have no AMI. */
export function missingRegions(
  build: DistributedBuild,
  amis: readonly ImageBuilderAmi[],
  failure: IgneousError | undefined,
): readonly PublishFailure[] {
  const { code, message, hint } =
    failure ??
    new IgneousError("image-builder-failed", "Image Builder names no AMI there", {
      hint: "look at the image in EC2 Image Builder, then run the same command again",
    });
  return build.publish.regions
    .filter((region) => !amis.some((ami) => ami.region === region))
    .map((region) => ({ region, code, message, ...(hint === undefined ? {} : { hint }) }));
}
