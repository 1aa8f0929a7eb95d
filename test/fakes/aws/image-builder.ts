import type {
  CreateComponentRequest,
  CreateDistributionConfigurationRequest,
  CreateImagePipelineRequest,
  CreateImageRecipeRequest,
  CreateInfrastructureConfigurationRequest,
  GetComponentRequest,
  ListComponentsRequest,
  UpdateImagePipelineRequest,
} from "@aws-sdk/client-imagebuilder";
import { parse } from "yaml";
import type { Kept } from "./image-builder-state.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { World } from "./world.ts";

/** The resources of EC2 Image Builder: versions that are never overwritten, names that are taken once, dependencies. */
export function imageBuilderHandlers(world: World): Handlers {
  const state = world.imageBuilder;
  return {
    CreateComponent: (input: CreateComponentRequest, call) => createComponent(world, input, call),
    GetComponent: ({ componentBuildVersionArn: arn }: GetComponentRequest) => {
      const found = state.components.get(arn ?? "") ?? state.components.get(`${arn}/1`);
      if (found === undefined) throw missing("component", arn);
      const { name, data, description, tags, platform } = found.input;
      return {
        component: {
          arn: found.arn,
          name,
          version: found.version,
          data,
          description,
          platform,
          type: "BUILD",
          ...(tags === undefined ? {} : { tags }),
        },
      };
    },
    ListComponents: (input: ListComponentsRequest) => {
      const { items, nextToken } = listed(state.components, input);
      const componentVersionList = items.map(({ arn, version, input: { name } }) => ({
        arn: arn.replace(/\/\d+$/u, ""),
        name,
        version,
      }));
      return { componentVersionList, ...(nextToken === undefined ? {} : { nextToken }) };
    },
    ListComponentBuildVersions: ({ componentVersionArn: arn }: { componentVersionArn?: string }) => {
      const found = Array.from(state.components.values()).filter((entry) => entry.arn.startsWith(`${arn}/`));
      return {
        componentSummaryList: found.map((entry) => ({ arn: entry.arn, ...summary(entry, entry.input.tags) })),
      };
    },
    DeleteComponent: ({ componentBuildVersionArn: arn = "" }: { componentBuildVersionArn?: string }) => {
      const users = Array.from(state.recipes.values()).filter(({ input }) =>
        input.components?.some(({ componentArn }) => `${componentArn}/1` === arn),
      );
      return remove(state.components, "component", arn, users, "componentBuildVersionArn");
    },
    CreateImageRecipe: (input: CreateImageRecipeRequest, call) => createRecipe(world, input, call),
    ListImageRecipes: (input: ListComponentsRequest) => {
      const { items, nextToken } = listed(state.recipes, input);
      const imageRecipeSummaryList = items.map(({ arn, input: { name, tags, parentImage } }) => ({
        arn,
        name,
        parentImage,
        ...(tags === undefined ? {} : { tags }),
      }));
      return { imageRecipeSummaryList, ...(nextToken === undefined ? {} : { nextToken }) };
    },
    GetImageRecipe: ({ imageRecipeArn: arn }: { imageRecipeArn?: string }) => {
      const found = state.recipes.get(arn ?? "");
      if (found === undefined) throw missing("image recipe", arn);
      const { name, components, parentImage } = found.input;
      return { imageRecipe: { arn: found.arn, name, version: found.version, components, parentImage } };
    },
    DeleteImageRecipe: ({ imageRecipeArn: arn = "" }: { imageRecipeArn?: string }) => {
      const users = [
        ...Array.from(state.images.values()).filter(({ recipeArn }) => recipeArn === arn),
        ...Array.from(state.pipelines.values()).filter(({ input }) => input.imageRecipeArn === arn),
      ];
      return remove(state.recipes, "image recipe", arn, users, "imageRecipeArn");
    },
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

function createComponent(world: World, input: CreateComponentRequest, call: Call): object {
  const { components } = world.imageBuilder;
  const document: unknown = parse(input.data ?? "");
  const isDocument = typeof document === "object" && document !== null && "phases" in document;
  if (!isDocument) throw new AwsError("InvalidRequestException", "the component document has no phases");
  const version = input.semanticVersion ?? "";
  const arn = `${arnOf(call, "component", input.name)}/${version}/1`;
  const made = once(world, input, call, arn, () => {
    if (components.has(arn)) {
      throw new AwsError("ResourceInUseException", `The component ${arn} already exists.`);
    }
    components.set(arn, { arn, version, input, createdAt: call.now });
  });
  return { componentBuildVersionArn: made, clientToken: input.clientToken };
}

function createRecipe(world: World, input: CreateImageRecipeRequest, call: Call): object {
  const { components, recipes, recipeQuota } = world.imageBuilder;
  for (const { componentArn } of input.components ?? []) {
    if (!components.has(`${componentArn}/1`)) throw missing("component", componentArn);
  }
  const version = input.semanticVersion ?? "";
  const arn = `${arnOf(call, "image-recipe", input.name)}/${version}`;
  const made = once(world, input, call, arn, () => {
    if (recipes.has(arn)) throw new AwsError("ResourceAlreadyExistsException", `${arn} already exists.`);
    if (recipes.size >= recipeQuota) {
      throw new AwsError("ServiceQuotaExceededException", "You have reached the quota of image recipes.");
    }
    recipes.set(arn, { arn, version, input, createdAt: call.now });
  });
  return { imageRecipeArn: made, clientToken: input.clientToken };
}

function createNamed<T extends { name?: string | undefined; clientToken?: string | undefined }>(
  world: World,
  kept: Map<string, Kept<T>>,
  kind: string,
  input: T,
  call: Call,
): string {
  const arn = arnOf(call, kind, input.name);
  return once(world, input, call, arn, () => {
    if (kept.has(arn)) throw new AwsError("ResourceAlreadyExistsException", `${arn} already exists.`);
    kept.set(arn, { arn, version: "", input, createdAt: call.now });
  });
}

/** Does what a client token asks for one time; the same token with another request is an error. */
export function once(
  world: World,
  input: { readonly clientToken?: string | undefined },
  call: Call,
  arn: string,
  create: () => void,
): string {
  const { tokens } = world.imageBuilder;
  const { clientToken, ...rest } = input;
  const key = `${call.account} ${call.region} ${call.operation} ${clientToken}`;
  const request = JSON.stringify(rest);
  const known = tokens.get(key);
  if (known !== undefined && known.request !== request) {
    throw new AwsError("IdempotentParameterMismatchException", "the client token came with another request");
  }
  if (known !== undefined) return known.arn;
  create();
  tokens.set(key, { request, arn });
  return arn;
}

export function requireParts(
  world: World,
  input: {
    readonly imageRecipeArn?: string | undefined;
    readonly infrastructureConfigurationArn?: string | undefined;
    readonly distributionConfigurationArn?: string | undefined;
  },
): void {
  const { recipes, infrastructures, distributions } = world.imageBuilder;
  if (!recipes.has(input.imageRecipeArn ?? "")) throw missing("image recipe", input.imageRecipeArn);
  if (!infrastructures.has(input.infrastructureConfigurationArn ?? "")) {
    throw missing("infrastructure configuration", input.infrastructureConfigurationArn);
  }
  const distribution = input.distributionConfigurationArn;
  if (distribution !== undefined && !distributions.has(distribution)) {
    throw missing("distribution configuration", distribution);
  }
}

export function missing(kind: string, arn: string | undefined): AwsError {
  return new AwsError("InvalidRequestException", `The ${kind} ${arn} does not exist.`);
}

export function date(time: number): string {
  return new Date(time).toISOString();
}

function arnOf(call: Call, kind: string, name: string | undefined): string {
  const slug = (name ?? "").toLowerCase().replaceAll(" ", "-");
  return `arn:aws:imagebuilder:${call.region}:${call.account}:${kind}/${slug}`;
}

function listed<T extends { name?: string | undefined }>(
  kept: ReadonlyMap<string, Kept<T>>,
  { filters, nextToken, maxResults }: ListComponentsRequest,
) {
  const names = filters?.find(({ name }) => name === "name")?.values;
  const found = Array.from(kept.values()).filter(
    ({ input }) => names === undefined || names.includes(input.name ?? ""),
  );
  return page(found, nextToken, maxResults ?? 25);
}

function named(
  { input, createdAt }: Kept<{ readonly name?: string | undefined }>,
  tags: Readonly<Record<string, string>> | undefined,
) {
  return { name: input.name, dateCreated: date(createdAt), ...(tags === undefined ? {} : { tags }) };
}

function summary(
  kept: Kept<{ readonly name?: string | undefined }>,
  tags: Readonly<Record<string, string>> | undefined,
) {
  return { ...named(kept, tags), version: kept.version };
}

function remove(
  kept: Map<string, unknown>,
  kind: string,
  arn: string,
  users: readonly { readonly arn: string }[],
  member: string,
): object {
  if (!kept.has(arn)) throw missing(kind, arn);
  const [user] = users;
  if (user !== undefined) {
    throw new AwsError("ResourceDependencyException", `The ${kind} ${arn} is used by ${user.arn}.`);
  }
  kept.delete(arn);
  return { [member]: arn };
}
