import type {
  CreateComponentCommandInput,
  CreateDistributionConfigurationCommandInput,
  CreateImageCommandInput,
  CreateImagePipelineCommandInput,
  CreateImageRecipeCommandInput,
  CreateInfrastructureConfigurationCommandInput,
  Distribution,
} from "@aws-sdk/client-imagebuilder";
import { digestOf, shortDigest } from "../core/digest.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { encryptionIn, imageName } from "./image-input.ts";
import { renderDocument } from "./image-builder-document.ts";
import { bucketAndPrefix } from "./image-builder-store.ts";
import { contentTag, type DistributedBuild, type ImageBuilderBuild } from "./image-builder-types.ts";
import { tagNames } from "./publish-types.ts";

/**
 * The inputs of the calls that make Image Builder's resources, as plain values and without their client tokens: a bake
 * sends them, `render` writes them. https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_Operations.html
 */

type Input<T> = Omit<T, "clientToken">;

const platform = "Linux";

/** The key that EBS has in every account and region. */
const defaultKey = "alias/aws/ebs";

/** Name of the component, the recipe and the pipeline of a spec. */
export function resourceName(specName: string): string {
  return `igneous-${specName}`;
}

export function componentInput(
  build: ImageBuilderBuild,
  version: string,
): Input<CreateComponentCommandInput> {
  const data = renderDocument(build);
  return {
    name: resourceName(build.specName),
    semanticVersion: version,
    platform,
    description: `igneous payload ${build.payloadCommit}`,
    data,
    tags: { ...ownTags(build), [contentTag]: digestOf(data) },
  };
}

export function recipeInput(
  build: ImageBuilderBuild,
  componentArn: string,
  version: string,
): Input<CreateImageRecipeCommandInput> {
  const content = {
    components: [{ componentArn }],
    parentImage: build.imageBuilder.parentImage,
    // The machine needs no agent of its own once it is an image; what the base has stays.
    additionalInstanceConfiguration: { systemsManagerAgent: { uninstallAfterBuild: false } },
  };
  return {
    name: resourceName(build.specName),
    semanticVersion: version,
    description: `igneous payload ${build.payloadCommit}`,
    ...content,
    tags: { ...ownTags(build), [contentTag]: contentDigest(content) },
  };
}

export function infrastructureInput(
  build: ImageBuilderBuild,
): Input<CreateInfrastructureConfigurationCommandInput> {
  const { imageBuilder: spec } = build;
  const logs = spec.logs === undefined ? undefined : bucketAndPrefix(spec.logs);
  const content = {
    instanceProfileName: spec.instanceProfile,
    ...(spec.instanceTypes === undefined ? {} : { instanceTypes: [...spec.instanceTypes] }),
    ...(spec.subnet === undefined ? {} : { subnetId: spec.subnet }),
    ...(spec.securityGroups === undefined ? {} : { securityGroupIds: [...spec.securityGroups] }),
    ...(logs === undefined
      ? {}
      : {
          logging: {
            s3Logs: {
              s3BucketName: logs.bucket,
              ...(logs.prefix === "" ? {} : { s3KeyPrefix: logs.prefix }),
            },
          },
        }),
    instanceMetadataOptions: { httpTokens: "required" },
    terminateInstanceOnFailure: true,
  };
  return {
    ...content,
    name: contentName(build, content),
    resourceTags: { ...ownTags(build), Name: imageName(build) },
    tags: ownTags(build),
  };
}

export function distributionInput(
  build: DistributedBuild,
): Input<CreateDistributionConfigurationCommandInput> {
  const distributions = build.publish.regions.map((region) => distributionIn(build, region));
  return {
    name: contentName(build, distributions as unknown as Json),
    description: `igneous ${build.specName}`,
    distributions,
    tags: ownTags(build),
  };
}

function distributionIn(build: DistributedBuild, region: string): Distribution {
  const { publish, imageBuilder } = build;
  const { encrypted, kmsKey = encrypted ? defaultKey : undefined } = encryptionIn(publish, region);
  const permission = {
    ...(publish.accounts === undefined ? {} : { userIds: [...publish.accounts] }),
    ...(publish.organizations === undefined ? {} : { organizationArns: [...publish.organizations] }),
    ...(publish.organizationalUnits === undefined
      ? {}
      : { organizationalUnitArns: [...publish.organizationalUnits] }),
  };
  const templates = (imageBuilder.launchTemplates ?? []).filter((template) => template.region === region);
  return {
    region,
    amiDistributionConfiguration: {
      // Image Builder asks for a date in the name, since it builds the same recipe more than once.
      name: `${imageName(build)}-{{ imagebuilder:buildDate }}`,
      description: `igneous build ${build.buildId} of ${build.specName}`,
      amiTags: imageTags(build),
      ...(kmsKey === undefined ? {} : { kmsKeyId: kmsKey }),
      ...(Object.keys(permission).length === 0 ? {} : { launchPermission: permission }),
    },
    ...(templates.length === 0
      ? {}
      : {
          launchTemplateConfigurations: templates.map(({ id, account, setDefault }) => ({
            launchTemplateId: id,
            setDefaultVersion: setDefault === true,
            ...(account === undefined ? {} : { accountId: account }),
          })),
        }),
    // Only with a role that may write it; otherwise igneous writes the parameter itself.
    ...(publish.ssmParameter === undefined || imageBuilder.executionRole === undefined
      ? {}
      : {
          ssmParameterConfigurations: [
            { parameterName: publish.ssmParameter, dataType: "aws:ec2:image" as const },
          ],
        }),
  };
}

/** What both a single image and a pipeline are made of. */
export interface ImageParts {
  readonly recipeArn: string;
  readonly infrastructureArn: string;
  readonly distributionArn: string;
}

export function imageInput(build: ImageBuilderBuild, parts: ImageParts): Input<CreateImageCommandInput> {
  const { executionRole } = build.imageBuilder;
  return {
    ...partsInput(parts),
    tags: { ...ownTags(build), [tagNames.build]: build.buildId },
    ...(executionRole === undefined ? {} : { executionRole }),
  };
}

export function pipelineInput(
  build: ImageBuilderBuild,
  parts: ImageParts,
): Input<CreateImagePipelineCommandInput> {
  const { executionRole, schedule } = build.imageBuilder;
  return {
    name: resourceName(build.specName),
    ...partsInput(parts),
    status: "ENABLED",
    ...(schedule === undefined
      ? {}
      : {
          schedule: {
            scheduleExpression: schedule.expression,
            ...(schedule.timezone === undefined ? {} : { timezone: schedule.timezone }),
            pipelineExecutionStartCondition: "EXPRESSION_MATCH_ONLY" as const,
            autoDisablePolicy: { failureCount: 3 },
          },
        }),
    tags: ownTags(build),
    imageTags: { ...ownTags(build), [tagNames.build]: build.buildId },
    ...(executionRole === undefined ? {} : { executionRole }),
  };
}

function partsInput({ recipeArn, infrastructureArn, distributionArn }: ImageParts) {
  return {
    imageRecipeArn: recipeArn,
    infrastructureConfigurationArn: infrastructureArn,
    distributionConfigurationArn: distributionArn,
    // The tests are what keeps a bad image from being distributed.
    imageTestsConfiguration: { imageTestsEnabled: true, timeoutMinutes: 60 },
    enhancedImageMetadataEnabled: true,
  };
}

export function ownTags(build: DistributedBuild): Record<string, string> {
  return { [tagNames.spec]: build.specName };
}

function imageTags(build: DistributedBuild): Record<string, string> {
  return {
    Name: imageName(build),
    ...build.publish.tags,
    [tagNames.build]: build.buildId,
    [tagNames.spec]: build.specName,
  };
}

/** Configurations have no versions: another content is another name, and the old one stays as it is. */
function contentName(build: DistributedBuild, content: Json): string {
  return `${resourceName(build.specName)}-${shortDigest(contentDigest(content))}`;
}

function contentDigest(content: Json) {
  return digestOf(canonicalJson(content));
}
