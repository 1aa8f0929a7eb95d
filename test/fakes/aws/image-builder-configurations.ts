import type {
  CreateDistributionConfigurationRequest,
  CreateImagePipelineRequest,
  CreateInfrastructureConfigurationRequest,
  ListComponentsRequest,
  UpdateImagePipelineRequest,
} from "@aws-sdk/client-imagebuilder";
import { createNamed, date, listed, missing, named, remove, requireParts } from "./image-builder-rules.ts";
import { AwsError, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

/** Infrastructure, distribution and pipelines: named once, without versions. */
export function imageBuilderConfigurationHandlers(world: World): Handlers {
  const state = world.imageBuilder;
  return {
    CreateInfrastructureConfiguration: (input: CreateInfrastructureConfigurationRequest, call) => {
      if (!input.instanceProfileName?.startsWith("igneous")) {
        throw new AwsError(
          "InvalidRequestException",
          `The instance profile ${input.instanceProfileName} does not exist.`,
        );
      }
      const arn = createNamed(world, state.infrastructures, "infrastructure-configuration", input, call);
      return { infrastructureConfigurationArn: arn, clientToken: input.clientToken };
    },
    ListInfrastructureConfigurations: (input: ListComponentsRequest) => ({
      infrastructureConfigurationSummaryList: listed(state.infrastructures, input).items.map((entry) => ({
        arn: entry.arn,
        ...named(entry, entry.input.tags),
      })),
    }),
    DeleteInfrastructureConfiguration: (input: { infrastructureConfigurationArn?: string }) => {
      const arn = input.infrastructureConfigurationArn ?? "";
      const users = Array.from(state.pipelines.values()).filter(
        (pipeline) => pipeline.input.infrastructureConfigurationArn === arn,
      );
      return remove(state.infrastructures, "infrastructure", arn, users, "infrastructureConfigurationArn");
    },
    CreateDistributionConfiguration: (input: CreateDistributionConfigurationRequest, call) => {
      for (const { region, amiDistributionConfiguration: ami } of input.distributions ?? []) {
        if (
          ami?.kmsKeyId !== undefined &&
          ami.kmsKeyId.startsWith("arn:") &&
          !world.kmsKeyUsable(ami.kmsKeyId, region ?? "")
        ) {
          throw new AwsError("InvalidRequestException", `KMS key ${ami.kmsKeyId} is not of ${region}`);
        }
      }
      const arn = createNamed(world, state.distributions, "distribution-configuration", input, call);
      return { distributionConfigurationArn: arn, clientToken: input.clientToken };
    },
    ListDistributionConfigurations: (input: ListComponentsRequest) => ({
      distributionConfigurationSummaryList: listed(state.distributions, input).items.map((entry) => ({
        arn: entry.arn,
        ...named(entry, entry.input.tags),
        regions: (entry.input.distributions ?? []).map(({ region }) => region),
      })),
    }),
    DeleteDistributionConfiguration: (input: { distributionConfigurationArn?: string }) => {
      const arn = input.distributionConfigurationArn ?? "";
      const users = Array.from(state.pipelines.values()).filter(
        (pipeline) => pipeline.input.distributionConfigurationArn === arn,
      );
      return remove(state.distributions, "distribution", arn, users, "distributionConfigurationArn");
    },
    CreateImagePipeline: (input: CreateImagePipelineRequest, call) => {
      requireParts(world, input);
      const arn = createNamed(world, state.pipelines, "image-pipeline", input, call);
      return { imagePipelineArn: arn, clientToken: input.clientToken };
    },
    UpdateImagePipeline: (input: UpdateImagePipelineRequest) => {
      const { imagePipelineArn: arn = "", ...changed } = input;
      const found = state.pipelines.get(arn);
      if (found === undefined) throw missing("image pipeline", arn);
      requireParts(world, input);
      state.pipelines.set(arn, { ...found, input: { ...found.input, ...changed } });
      return { imagePipelineArn: arn, clientToken: input.clientToken };
    },
    ListImagePipelines: (input: ListComponentsRequest) => ({
      imagePipelineList: listed(state.pipelines, input).items.map((entry) => ({
        arn: entry.arn,
        ...named(entry, entry.input.tags),
        imageRecipeArn: entry.input.imageRecipeArn,
        infrastructureConfigurationArn: entry.input.infrastructureConfigurationArn,
        distributionConfigurationArn: entry.input.distributionConfigurationArn,
        dateUpdated: date(entry.createdAt),
      })),
    }),
    DeleteImagePipeline: ({ imagePipelineArn: arn = "" }: { imagePipelineArn?: string }) =>
      remove(state.pipelines, "image pipeline", arn, [], "imagePipelineArn"),
  };
}
