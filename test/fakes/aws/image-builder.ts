import type {
  CreateComponentRequest,
  CreateImageRecipeRequest,
  GetComponentRequest,
  ListComponentsRequest,
} from "@aws-sdk/client-imagebuilder";
import { parse } from "yaml";
import { arnOf, listed, missing, once, remove, summary } from "./image-builder-rules.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

/** Components and recipes of EC2 Image Builder: versions that are never overwritten. */
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
