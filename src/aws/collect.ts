import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { type GcItem, type GcPlan, type GcRules, newestBuilds, planGc } from "./gc-plan.ts";
import { planBuilderGc, removeBuilderResource } from "./image-builder-gc.ts";
import { readBuilderInventory } from "./image-builder-inventory.ts";
import { findUsers } from "./image-users.ts";
import { enabledRegions, type Inventory, readInventory } from "./inventory.ts";
import type { PublishFailure } from "./publish-types.ts";

/** Regions that are looked at side by side; each asks a few dozen calls. */
const regionsAtOnce = 8;

export interface GcRequest {
  readonly specName: string;
  /** What the lock names. */
  readonly builds: readonly {
    readonly buildId: string;
    readonly amis: readonly { readonly amiId: string; readonly snapshotId: string }[];
  }[];
  /** Where AWS is asked for the account's regions; the first is enough. */
  readonly regions: readonly string[];
  readonly ssmParameter?: string;
  /** Where EC2 Image Builder works for the spec, and the ARNs of it that the lock names. */
  readonly imageBuilder?: { readonly region: string; readonly arns: readonly string[] };
  readonly keep: number;
  readonly olderThanMs: number;
}

/** A plan over all regions; a region that could not be read has a failure, and nothing of it is removed. */
export interface GcOverview extends GcPlan {
  readonly regions: readonly string[];
  readonly failures: readonly PublishFailure[];
}

/** Finds by tag, in every region of the account, what a spec left behind. Changes nothing. */
export async function planCollection(context: Context, aws: Aws, request: GcRequest): Promise<GcOverview> {
  const regions = await enabledRegions(aws, request.regions[0] ?? "us-east-1");
  const failures: PublishFailure[] = [];
  const inRegion = async <T>(region: string, body: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await body();
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof IgneousError)) throw error;
      const { code, message, hint } = error;
      failures.push({ region, code, message, ...(hint === undefined ? {} : { hint }) });
      return undefined;
    }
  };
  const read = await runStep(context, "inventory", `resources in ${regions.length} regions`, async () => {
    const found = await mapLimit(regions, regionsAtOnce, (region) =>
      inRegion(region, () => readInventory(aws, region, request.specName)),
    );
    const inventories = found.filter((inventory): inventory is Inventory => inventory !== undefined);
    return { value: inventories.filter(({ owned }) => owned.length > 0) };
  });
  const rules = gcRules(request, aws.clock.now());
  const newest = newestBuilds(
    read.flatMap(({ owned }) => owned),
    rules.lockedBuilds,
  );
  const plans = await mapLimit(read, regionsAtOnce, (inventory) =>
    inRegion(inventory.region, async () => {
      const nobody = planGc(inventory, new Map(), newest, rules);
      if (nobody.remove.length === 0) return nobody;
      const imageIds = nobody.remove.filter(({ kind }) => kind === "ami").map(({ id }) => id);
      const users = await findUsers(aws, inventory.region, imageIds, request.ssmParameter);
      return planGc(inventory, users, newest, rules);
    }),
  );
  const { imageBuilder, specName } = request;
  const builder =
    imageBuilder === undefined
      ? undefined
      : await inRegion(imageBuilder.region, async () => {
          const resources = await readBuilderInventory(aws, imageBuilder.region, specName);
          const lockedArns = new Set(imageBuilder.arns);
          return planBuilderGc(imageBuilder.region, resources, { ...rules, lockedArns });
        });
  const whole = [...plans, builder].filter((plan): plan is GcPlan => plan !== undefined);
  return {
    regions,
    failures,
    remove: whole.flatMap(({ remove }) => remove),
    kept: whole.flatMap(({ kept }) => kept),
  };
}

function gcRules(request: GcRequest, now: number): GcRules {
  const amis = request.builds.flatMap(({ amis: list }) => list);
  return {
    lockedBuilds: new Set(request.builds.map(({ buildId }) => buildId)),
    lockedIds: new Set(amis.flatMap(({ amiId, snapshotId }) => [amiId, snapshotId])),
    keep: request.keep,
    olderThanMs: request.olderThanMs,
    now,
  };
}

export interface GcResult {
  readonly removed: readonly GcItem[];
  readonly failures: readonly PublishFailure[];
}

/** Removes what a plan names, region by region side by side, AMIs before snapshots. What is gone already counts as removed. */
export async function applyCollection(context: Context, aws: Aws, plan: GcPlan): Promise<GcResult> {
  const removed: GcItem[] = [];
  const failures: PublishFailure[] = [];
  const regions = [...new Set(plan.remove.map(({ region }) => region))];
  await mapLimit(regions, regionsAtOnce, async (region) => {
    const ec2 = await aws.ec2(region);
    for (const item of plan.remove.filter((entry) => entry.region === region)) {
      context.signal.throwIfAborted();
      try {
        if (item.isProtected) await ec2.disableImageDeregistrationProtection({ ImageId: item.id });
        if (item.kind === "ami") await ec2.deregisterImage({ ImageId: item.id });
        else if (item.kind === "snapshot") await ec2.deleteSnapshot({ SnapshotId: item.id });
        else await removeBuilderResource(await aws.imageBuilder(region), item.kind, item.id);
        removed.push(item);
      } catch (error) {
        context.signal.throwIfAborted();
        if (!(error instanceof IgneousError)) throw error;
        if (/NotFound|Unavailable/u.test(awsErrorCode(error))) removed.push(item);
        else failures.push({ region, code: error.code, message: error.message });
      }
    }
  });
  return { removed, failures };
}
