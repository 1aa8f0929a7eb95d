import type { Aws } from "../aws/apis.ts";
import { readBlockMap } from "../aws/block-map.ts";
import { iamPolicy, type Policy } from "../aws/iam-policy.ts";
import { publishBuild } from "../aws/publish-build.ts";
import type { PlannedCall } from "../aws/planned-call.ts";
import { planPublishCalls } from "../aws/publish-calls.ts";
import { refusePublishProblems } from "../aws/publish-rules.ts";
import type { BlockCounts, PublishBuild, PublishResult } from "../aws/publish-types.ts";
import { openAws } from "../aws/session.ts";
import { findParentMap } from "../aws/snapshot-start.ts";
import { planUpload, volumeGiB } from "../aws/upload-plan.ts";
import type { Context } from "../core/context.ts";

interface PublishOptions {
  readonly build: PublishBuild;
  /** Instead of the spec's regions. */
  readonly regions?: readonly string[];
  readonly inFlight?: number;
}

/** Makes a baked disk AMIs in every region. Some regions may have failed: see `failures` (exit 1), and run it again. */
export async function publish(
  context: Context,
  options: PublishOptions,
  aws: Aws = openAws(context),
): Promise<PublishResult> {
  const { inFlight } = options;
  return publishBuild(context, aws, inRegions(options), inFlight === undefined ? {} : { inFlight });
}

/** What `publish` would call and may need, without asking AWS anything. */
export interface PublishPlan {
  readonly buildId: string;
  readonly blocks: Omit<BlockCounts, "sent">;
  readonly calls: readonly PlannedCall[];
  readonly policy: Policy;
}

export async function planPublish(
  context: Context,
  options: PublishOptions,
  now: Date,
): Promise<PublishPlan> {
  const build = inRegions(options);
  refusePublishProblems(build.publish);
  const map = await readBlockMap(context, build.folder, build.disk);
  const { total, nonZero, changed, aggregate } = planUpload(map, await findParentMap(build));
  const sizes = { volumeGiB: volumeGiB(map), blocks: changed, aggregate };
  return {
    buildId: build.buildId,
    blocks: { total, nonZero, changed },
    calls: planPublishCalls(build, sizes, now),
    policy: iamPolicy("publish", build.specName, build.publish),
  };
}

function inRegions({ build, regions }: PublishOptions): PublishBuild {
  if (regions === undefined || regions.length === 0) return build;
  const keys = Object.entries(build.publish.kmsKeys ?? {}).filter(([region]) => regions.includes(region));
  return { ...build, publish: { ...build.publish, regions, kmsKeys: Object.fromEntries(keys) } };
}
