import type { ImageBuilderApi } from "./apis.ts";
import type { GcItem, GcPlan, GcRules } from "./gc-plan.ts";
import { type BuilderKind, builderKinds, type BuilderResource } from "./image-builder-inventory.ts";

/** What the lock needs of Image Builder. */
export interface BuilderRules extends Pick<GcRules, "lockedBuilds" | "keep" | "olderThanMs" | "now"> {
  /** ARNs of images and pipelines that the lock names. */
  readonly lockedArns: ReadonlySet<string>;
}

const underWay = new Set(["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"]);

/** Decides what of Image Builder's resources goes: users before what they use. Pure; where in doubt, it stays. */
export function planBuilderGc(
  region: string,
  resources: readonly BuilderResource[],
  rules: BuilderRules,
): GcPlan {
  const remove: GcItem[] = [];
  const kept: GcItem[] = [];
  const usedBy = new Map<string, string>();
  const spared = newestUnlocked(resources, rules);
  for (const kind of builderKinds) {
    for (const resource of resources.filter((entry) => entry.kind === kind)) {
      const stays = reasonToStay(resource, rules, spared) ?? usedBy.get(resource.arn);
      const item = itemOf(region, resource);
      if (stays === undefined) remove.push({ ...item, why: "the lock does not name it" });
      else {
        kept.push({ ...item, why: stays });
        for (const used of resource.uses) usedBy.set(used, `used by ${shortArn(resource.arn)}`);
      }
    }
  }
  return { remove, kept };
}

/** The newest images of builds that the lock does not name, as many as are to be kept. */
function newestUnlocked(
  resources: readonly BuilderResource[],
  { lockedArns, keep }: BuilderRules,
): ReadonlySet<string> {
  const images = resources.filter(({ kind, arn }) => kind === "image" && !lockedArns.has(arn));
  const newestFirst = images.toSorted((a, b) => b.createdAt - a.createdAt);
  return new Set(newestFirst.slice(0, keep).map(({ arn }) => arn));
}

function reasonToStay(
  { kind, arn, state, createdAt }: BuilderResource,
  rules: BuilderRules,
  spared: ReadonlySet<string>,
): string | undefined {
  if (rules.lockedArns.has(arn)) return "the lock names it";
  if (kind === "image" && underWay.has(state)) return `it is ${state.toLowerCase()}`;
  if (spared.has(arn)) return "of a build that is kept";
  if (rules.now - createdAt < rules.olderThanMs) return "too young";
  return undefined;
}

function itemOf(region: string, resource: BuilderResource): Omit<GcItem, "why"> {
  const { kind, arn, buildId, createdAt, state } = resource;
  return { kind, region, id: arn, buildId, createdAt, state, isProtected: false, snapshotIds: [] };
}

/** Removes one resource of Image Builder. The AMIs of an image are not touched. */
export async function removeBuilderResource(
  api: ImageBuilderApi,
  kind: BuilderKind,
  arn: string,
): Promise<void> {
  switch (kind) {
    case "pipeline":
      await api.deleteImagePipeline({ imagePipelineArn: arn });
      return;
    case "image":
      await api.deleteImage({ imageBuildVersionArn: arn });
      return;
    case "recipe":
      await api.deleteImageRecipe({ imageRecipeArn: arn });
      return;
    case "component":
      await api.deleteComponent({ componentBuildVersionArn: arn });
      return;
    case "distribution":
      await api.deleteDistributionConfiguration({ distributionConfigurationArn: arn });
      return;
    case "infrastructure":
      await api.deleteInfrastructureConfiguration({ infrastructureConfigurationArn: arn });
  }
}

function shortArn(arn: string): string {
  return arn.split(":").slice(5).join(":");
}
