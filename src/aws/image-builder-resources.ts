import type { Context } from "../core/context.ts";
import { digestOf } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import type { Aws, ImageBuilderApi } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import {
  componentInput,
  distributionInput,
  type ImageParts,
  infrastructureInput,
  pipelineInput,
  recipeInput,
  resourceName,
} from "./image-builder-input.ts";
import { allPages } from "./image-builder-pages.ts";
import { contentTag, type DistributedBuild, type ImageBuilderBuild } from "./image-builder-types.ts";
import { type EnsuredVersion, ensureVersion } from "./image-builder-version.ts";
import { needed } from "./needed.ts";

export interface EnsuredParts extends ImageParts {
  readonly component: EnsuredVersion;
  readonly recipe: EnsuredVersion;
}

/** Finds or makes what an image is built from, in the spec's first region. What has the same content is used again. */
export async function ensureParts(
  context: Context,
  aws: Aws,
  build: ImageBuilderBuild,
): Promise<EnsuredParts> {
  const api = await aws.imageBuilder(homeRegion(build));
  const component = await step(context, "component", () => ensureComponent(context, api, build));
  const recipe = await step(context, "recipe", () => ensureRecipe(context, api, build, component.arn));
  const infrastructureArn = await ensureInfrastructure(api, build);
  const distributionArn = await ensureDistribution(api, build);
  return { component, recipe, recipeArn: recipe.arn, infrastructureArn, distributionArn };
}

/** Where Image Builder works: the spec's first region. */
export function homeRegion(build: DistributedBuild): string {
  return build.publish.regions[0] ?? "";
}

/** A client token that is the same for the same request, so that a repeated call finds what the first one made. */
export function requestToken(...parts: readonly string[]): string {
  return digestOf(JSON.stringify(parts)).slice("sha256:".length);
}

function step(context: Context, kind: string, body: () => Promise<EnsuredVersion>): Promise<EnsuredVersion> {
  return runStep(context, `image builder ${kind}`, `Image Builder's ${kind}`, async () => {
    const value = await body();
    return { value, outcome: value.created ? "done" : "unchanged", note: value.version };
  });
}

async function ensureComponent(
  context: Context,
  api: ImageBuilderApi,
  build: ImageBuilderBuild,
): Promise<EnsuredVersion> {
  const name = resourceName(build.specName);
  const { data } = componentInput(build, "1.0.0");
  return ensureVersion(context, {
    kind: "component",
    name,
    list: async () => {
      const found = await allPages(async (token) => {
        const filters = [{ name: "name", values: [name] }];
        const page = await api.listComponents({ owner: "Self", filters, ...token });
        return { items: page.componentVersionList ?? [], next: page.nextToken };
      });
      return found.map(({ arn, version }) => ({ arn: needed(arn), version: needed(version) }));
    },
    isWanted: async (arn) => {
      const { component } = await api.getComponent({ componentBuildVersionArn: arn });
      return component?.data === data;
    },
    create: async (version) => {
      const input = componentInput(build, version);
      const clientToken = requestToken("component", name, version, needed(data));
      const made = await api.createComponent({ ...input, clientToken });
      // Lists name versions without the number of their build; so does every recipe, to be found again.
      return needed(made.componentBuildVersionArn).replace(/\/\d+$/u, "");
    },
  });
}

async function ensureRecipe(
  context: Context,
  api: ImageBuilderApi,
  build: ImageBuilderBuild,
  componentArn: string,
): Promise<EnsuredVersion> {
  const name = resourceName(build.specName);
  const wanted = needed(recipeInput(build, componentArn, "1.0.0").tags?.[contentTag]);
  const tags = new Map<string, string | undefined>();
  return ensureVersion(context, {
    kind: "recipe",
    name,
    list: async () => {
      const found = await allPages(async (token) => {
        const filters = [{ name: "name", values: [name] }];
        const page = await api.listImageRecipes({ owner: "Self", filters, ...token });
        return { items: page.imageRecipeSummaryList ?? [], next: page.nextToken };
      });
      return found.map(({ arn, tags: own }) => {
        tags.set(needed(arn), own?.[contentTag]);
        return { arn: needed(arn), version: needed(arn?.split("/").at(-1)) };
      });
    },
    isWanted: (arn) => Promise.resolve(tags.get(arn) === wanted),
    create: async (version) => {
      const input = recipeInput(build, componentArn, version);
      const clientToken = requestToken("recipe", name, version, wanted);
      return needed((await api.createImageRecipe({ ...input, clientToken })).imageRecipeArn);
    },
  });
}

async function ensureInfrastructure(api: ImageBuilderApi, build: ImageBuilderBuild): Promise<string> {
  const input = infrastructureInput(build);
  const name = needed(input.name);
  const find = async (): Promise<string | undefined> => {
    const filters = [{ name: "name", values: [name] }];
    const page = await api.listInfrastructureConfigurations({ filters });
    return page.infrastructureConfigurationSummaryList?.find((entry) => entry.name === name)?.arn;
  };
  return ensureNamed(find, async () => {
    const clientToken = requestToken("infrastructure", name);
    const made = await api.createInfrastructureConfiguration({ ...input, clientToken });
    return needed(made.infrastructureConfigurationArn);
  });
}

/** The configuration that distributes a build as its spec says. */
export async function ensureDistribution(api: ImageBuilderApi, build: DistributedBuild): Promise<string> {
  const input = distributionInput(build);
  const name = needed(input.name);
  const find = async (): Promise<string | undefined> => {
    const filters = [{ name: "name", values: [name] }];
    const page = await api.listDistributionConfigurations({ filters });
    return page.distributionConfigurationSummaryList?.find((entry) => entry.name === name)?.arn;
  };
  return ensureNamed(find, async () => {
    const clientToken = requestToken("distribution", name);
    const made = await api.createDistributionConfiguration({ ...input, clientToken });
    return needed(made.distributionConfigurationArn);
  });
}

/** The spec's pipeline, with these parts. It is the one thing that moves on from build to build. */
export async function ensurePipeline(aws: Aws, build: ImageBuilderBuild, parts: ImageParts): Promise<string> {
  const api = await aws.imageBuilder(homeRegion(build));
  const input = pipelineInput(build, parts);
  const name = needed(input.name);
  const filters = [{ name: "name", values: [name] }];
  const found = (await api.listImagePipelines({ filters })).imagePipelineList?.find(
    (pipeline) => pipeline.name === name,
  );
  const clientToken = requestToken("pipeline", JSON.stringify(input), found?.dateUpdated ?? "");
  if (found === undefined) {
    return needed((await api.createImagePipeline({ ...input, clientToken })).imagePipelineArn);
  }
  const { name: _name, tags: _tags, ...changed } = input;
  const imagePipelineArn = needed(found.arn);
  await api.updateImagePipeline({ ...changed, imagePipelineArn, clientToken });
  return imagePipelineArn;
}

async function ensureNamed(
  find: () => Promise<string | undefined>,
  create: () => Promise<string>,
): Promise<string> {
  const found = await find();
  if (found !== undefined) return found;
  try {
    return await create();
  } catch (error) {
    if (awsErrorCode(error) !== "ResourceAlreadyExistsException") throw error;
    const made = await find();
    if (made === undefined) throw error;
    return made;
  }
}
