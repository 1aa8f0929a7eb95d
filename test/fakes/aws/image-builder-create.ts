import type { CreateImageRequest, DistributeImageRequest } from "@aws-sdk/client-imagebuilder";
import { workflows } from "./image-builder-life.ts";
import { missing, once, requireParts } from "./image-builder-rules.ts";
import { AwsError, type Call } from "./service.ts";
import type { World } from "./world.ts";

export function createImage(world: World, input: CreateImageRequest, call: Call): object {
  requireParts(world, input);
  const { images, distributions } = world.imageBuilder;
  const version = (input.imageRecipeArn ?? "").replace(":image-recipe/", ":image/");
  const number = Array.from(images.keys()).filter((arn) => arn.startsWith(`${version}/`)).length + 1;
  const distribution = distributions.get(input.distributionConfigurationArn ?? "");
  const arn = `${version}/${number}`;
  const made = once(world, input, call, arn, () => {
    images.set(arn, {
      arn,
      recipeArn: input.imageRecipeArn ?? "",
      infrastructureArn: input.infrastructureConfigurationArn ?? "",
      distributionArn: input.distributionConfigurationArn,
      distributions: distribution?.input.distributions ?? [],
      tags: input.tags ?? {},
      createdAt: call.now,
      startedAt: call.now,
      failure: world.imageBuilder.plannedFailure,
      cancelledAt: undefined,
      amis: new Map(),
    });
  });
  return { imageBuildVersionArn: made, clientToken: input.clientToken };
}

/** An image that exists already goes through distribution alone. */
export function distributeImage(world: World, input: DistributeImageRequest, call: Call): object {
  const { images, distributions } = world.imageBuilder;
  const distribution = distributions.get(input.distributionConfigurationArn ?? "");
  if (distribution === undefined) {
    throw missing("distribution configuration", input.distributionConfigurationArn);
  }
  if (!world.images.has(input.sourceImage ?? "")) {
    throw new AwsError("ResourceNotFoundException", `${input.sourceImage} does not exist`);
  }
  const place = `arn:aws:imagebuilder:${call.region}:${call.account}:image`;
  const arn = `${place}/${(input.sourceImage ?? "").toLowerCase()}/1.0.0/1`;
  const before = workflows.filter(({ type }) => type !== "DISTRIBUTION").flatMap(({ steps }) => steps);
  const skipped = before.reduce((sum, [, minutes]) => sum + minutes, 0) * 60_000;
  const made = once(world, input, call, arn, () => {
    images.set(arn, {
      arn,
      recipeArn: "",
      infrastructureArn: "",
      distributionArn: distribution.arn,
      distributions: distribution.input.distributions ?? [],
      tags: input.tags ?? {},
      createdAt: call.now,
      startedAt: call.now - skipped,
      failure: world.imageBuilder.plannedFailure,
      cancelledAt: undefined,
      amis: new Map(),
    });
  });
  return { imageBuildVersionArn: made, clientToken: input.clientToken };
}
