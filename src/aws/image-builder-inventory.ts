import type { Aws, ImageBuilderApi } from "./apis.ts";
import { resourceName } from "./image-builder-input.ts";
import { allPages } from "./image-builder-pages.ts";
import { needed } from "./needed.ts";
import { tagNames } from "./publish-types.ts";

/** Image Builder's kinds, in the order in which they can be removed: each is used by those before it. */
export const builderKinds = [
  "pipeline",
  "image",
  "recipe",
  "component",
  "distribution",
  "infrastructure",
] as const;
export type BuilderKind = (typeof builderKinds)[number];

/** A resource of Image Builder that carries the spec's tag. */
export interface BuilderResource {
  readonly kind: BuilderKind;
  readonly arn: string;
  readonly buildId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Of an image: BUILDING, AVAILABLE, … */
  readonly state: string;
  /** ARNs of what it is made of. */
  readonly uses: readonly string[];
}

interface Found {
  readonly arn?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly dateCreated?: string | undefined;
  readonly uses?: readonly (string | undefined)[];
  readonly state?: string | undefined;
}

/** Everything of a spec that Image Builder has in a region. */
export async function readBuilderInventory(
  aws: Aws,
  region: string,
  specName: string,
): Promise<readonly BuilderResource[]> {
  const api = await aws.imageBuilder(region);
  const filters = [{ name: "name", values: [resourceName(specName)] }];
  const pipelines = await allPages(async (token) => {
    const page = await api.listImagePipelines({ filters, ...token });
    return { items: page.imagePipelineList ?? [], next: page.nextToken };
  });
  const recipes = await allPages(async (token) => {
    const page = await api.listImageRecipes({ owner: "Self", filters, ...token });
    return { items: page.imageRecipeSummaryList ?? [], next: page.nextToken };
  });
  const distributions = await allPages(async (token) => {
    const page = await api.listDistributionConfigurations(token);
    return { items: page.distributionConfigurationSummaryList ?? [], next: page.nextToken };
  });
  const infrastructures = await allPages(async (token) => {
    const page = await api.listInfrastructureConfigurations(token);
    return { items: page.infrastructureConfigurationSummaryList ?? [], next: page.nextToken };
  });
  const mine = (kind: BuilderKind, found: readonly Found[]): readonly BuilderResource[] =>
    found
      .filter(({ tags }) => tags?.[tagNames.spec] === specName)
      .map(({ arn, tags, dateCreated, uses = [], state = "" }) => ({
        kind,
        arn: needed(arn),
        buildId: tags?.[tagNames.build] ?? "",
        createdAt: new Date(dateCreated ?? 0).getTime(),
        state,
        uses: uses.flatMap((used) => used ?? []),
      }));
  return [
    ...mine(
      "pipeline",
      pipelines.map((pipeline) => ({
        ...pipeline,
        state: "",
        uses: [
          pipeline.imageRecipeArn,
          pipeline.distributionConfigurationArn,
          pipeline.infrastructureConfigurationArn,
        ],
      })),
    ),
    ...mine("image", await readImages(api, recipes)),
    ...mine("recipe", await withComponents(api, recipes)),
    ...mine("component", await readComponents(api, filters)),
    ...mine("distribution", distributions),
    ...mine("infrastructure", infrastructures),
  ];
}

/** The images that were made of each recipe, with the configurations that they were made by. */
async function readImages(api: ImageBuilderApi, recipes: readonly Found[]): Promise<readonly Found[]> {
  const images: Found[] = [];
  for (const { arn } of recipes) {
    const imageVersionArn = needed(arn).replace(":image-recipe/", ":image/");
    const found = await allPages(async (token) => {
      const page = await api.listImageBuildVersions({ imageVersionArn, ...token });
      return { items: page.imageSummaryList ?? [], next: page.nextToken };
    });
    for (const summary of found) {
      const { image } = await api.getImage({ imageBuildVersionArn: needed(summary.arn) });
      const uses = [arn, image?.distributionConfiguration?.arn, image?.infrastructureConfiguration?.arn];
      images.push({ ...summary, uses, state: summary.state?.status });
    }
  }
  return images;
}

async function withComponents(api: ImageBuilderApi, recipes: readonly Found[]): Promise<readonly Found[]> {
  const all: Found[] = [];
  for (const recipe of recipes) {
    const { imageRecipe } = await api.getImageRecipe({ imageRecipeArn: needed(recipe.arn) });
    const uses = (imageRecipe?.components ?? []).map(({ componentArn }) => `${componentArn}/1`);
    all.push({ ...recipe, uses });
  }
  return all;
}

async function readComponents(
  api: ImageBuilderApi,
  filters: { name: string; values: string[] }[],
): Promise<readonly Found[]> {
  const versions = await allPages(async (token) => {
    const page = await api.listComponents({ owner: "Self", filters, ...token });
    return { items: page.componentVersionList ?? [], next: page.nextToken };
  });
  const all: Found[] = [];
  for (const { arn } of versions) {
    const componentVersionArn = needed(arn);
    const { componentSummaryList = [] } = await api.listComponentBuildVersions({ componentVersionArn });
    all.push(...componentSummaryList.map(({ state: _state, ...summary }) => summary));
  }
  return all;
}
