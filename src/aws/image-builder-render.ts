import type { Json } from "../core/json.ts";
import {
  componentInput,
  distributionInput,
  imageInput,
  type ImageParts,
  infrastructureInput,
  pipelineInput,
  recipeInput,
} from "./image-builder-input.ts";
import { homeRegion } from "./image-builder-resources.ts";
import type { ImageBuilderBuild } from "./image-builder-types.ts";

/** What a team needs to own the pipeline by its own means: file name → content. */
export type RenderedFiles = Readonly<Record<string, Json>>;

/**
 * The inputs of `aws imagebuilder create-… --cli-input-json`, in the order in which they are made. The ARNs in them are
 * those that the calls before give, so the account must be known.
 */
export function renderCliInputs(
  build: ImageBuilderBuild,
  { version, account }: { readonly version: string; readonly account: string },
): RenderedFiles {
  const place = `arn:aws:imagebuilder:${homeRegion(build)}:${account}`;
  const arn = (kind: string, name: string | undefined): string => `${place}:${kind}/${name?.toLowerCase()}`;
  const component = componentInput(build, version);
  const recipe = recipeInput(build, `${arn("component", component.name)}/${version}`, version);
  const infrastructure = infrastructureInput(build);
  const distribution = distributionInput(build);
  const parts: ImageParts = {
    recipeArn: `${arn("image-recipe", recipe.name)}/${version}`,
    infrastructureArn: arn("infrastructure-configuration", infrastructure.name),
    distributionArn: arn("distribution-configuration", distribution.name),
  };
  return plain({
    "1-create-component.json": component,
    "2-create-image-recipe.json": recipe,
    "3-create-infrastructure-configuration.json": infrastructure,
    "4-create-distribution-configuration.json": distribution,
    "5-create-image.json": imageInput(build, parts),
    "6-create-image-pipeline.json": pipelineInput(build, parts),
  });
}

/** The same resources, with a pipeline, as a CloudFormation template. */
export function renderCloudFormation(
  build: ImageBuilderBuild,
  { version }: { readonly version: string },
): Json {
  const reference = (Ref: string) => ({ Ref });
  const { executionRole, ...pipeline } = pipelineInput(build, {
    recipeArn: "",
    infrastructureArn: "",
    distributionArn: "",
  });
  const component = properties(componentInput(build, version));
  const recipe = properties(recipeInput(build, "", version));
  return plain({
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `igneous build ${build.buildId} of ${build.specName}, by EC2 Image Builder`,
    Resources: {
      Component: { Type: "AWS::ImageBuilder::Component", Properties: component },
      Recipe: {
        Type: "AWS::ImageBuilder::ImageRecipe",
        Properties: { ...recipe, Components: [{ ComponentArn: reference("Component") }] },
      },
      Infrastructure: {
        Type: "AWS::ImageBuilder::InfrastructureConfiguration",
        Properties: properties(infrastructureInput(build)),
      },
      Distribution: {
        Type: "AWS::ImageBuilder::DistributionConfiguration",
        Properties: properties(distributionInput(build)),
      },
      Pipeline: {
        Type: "AWS::ImageBuilder::ImagePipeline",
        Properties: {
          ...properties(pipeline),
          ...(executionRole === undefined ? {} : { ExecutionRole: executionRole }),
          ImageRecipeArn: reference("Recipe"),
          InfrastructureConfigurationArn: reference("Infrastructure"),
          DistributionConfigurationArn: reference("Distribution"),
        },
      },
    },
    Outputs: { Pipeline: { Value: reference("Pipeline") } },
  });
}

/** Where CloudFormation has another word than the API. */
const otherNames: Readonly<Record<string, string>> = {
  semanticVersion: "Version",
  launchPermission: "LaunchPermissionConfiguration",
};

/** Maps of a user's own keys, which stay as they are. */
const maps = new Set(["tags", "amiTags", "resourceTags", "imageTags"]);

/** An input of the API in CloudFormation's spelling. */
function properties(input: object): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [
      otherNames[key] ?? `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      maps.has(key) ? value : spelled(value),
    ]),
  );
}

function spelled(value: unknown): Json {
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value === "object" && value !== null) return properties(value);
  return value as Json;
}

/** Without what is undefined. */
function plain<T extends Json>(value: unknown): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
