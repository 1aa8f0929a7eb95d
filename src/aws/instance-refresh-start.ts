import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { type GroupState, isActiveRefresh, type RefreshState } from "./fleet-status-types.ts";
import { refreshInput } from "./instance-refresh-input.ts";
import { listRefreshes } from "./instance-refresh-read.ts";
import { isSameData } from "./launch-template.ts";
import { createVersion, findVersionData } from "./launch-template-version.ts";
import { shortBuild, wantedData, wantedUserData } from "./rollout-target.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";
import { groupKey, type RolloutRequest } from "./rollout-types.ts";

export interface StartedRefresh {
  readonly id: string;
  readonly version: number;
  /** It was under way already. */
  readonly attached: boolean;
}

/**
 * Starts the refresh of a group, or attaches to the one that brings the same. Another one that is under way is refused.
 * The group itself is never changed: AWS gives it the new version when the refresh has succeeded.
 */
export async function startRefresh(
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
  request: RolloutRequest,
): Promise<StartedRefresh> {
  const running = group.refreshes.find(isActiveRefresh);
  if (running !== undefined) return attach(aws, group, plan, running, request);
  const version = await makeVersion(aws, group, plan, request);
  const autoScaling = await aws.autoScaling(group.region);
  try {
    const { InstanceRefreshId } = await autoScaling.startInstanceRefresh(
      refreshInput(group, plan, version, request.strategy),
    );
    return { id: InstanceRefreshId ?? "", version, attached: false };
  } catch (error) {
    if (!awsErrorCode(error).startsWith("InstanceRefreshInProgress")) throw error;
    // Someone was faster; or we were, and the answer was lost.
    const newest = (await listRefreshes(aws, group, 5)).find(isActiveRefresh);
    if (newest === undefined) throw error;
    return attach(aws, group, plan, newest, request);
  }
}

/** The launch template version of a plan: the one that is there, or a new one from the running one. */
export async function makeVersion(
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
  request: RolloutRequest,
): Promise<number> {
  const { template } = plan;
  const { target } = request;
  const what = target.kind === "build" ? `build ${shortBuild(target.build.id)}` : `unlocked ${target.amiId}`;
  await putUserData(aws, group, request);
  return template.action === "reuse"
    ? template.to
    : await createVersion(aws, {
        region: group.region,
        templateId: template.id,
        from: template.from,
        description: `igneous ${what} of ${request.specName}`.slice(0, 255),
        data: wantedData(group, request),
      });
}

/** Puts what user data points to where machines will look for it. Its name is its hash, so it is never another one. */
async function putUserData(aws: Aws, group: GroupState, request: RolloutRequest): Promise<void> {
  const object = wantedUserData(group, request)?.object;
  if (object === undefined) return;
  const s3 = await aws.s3(group.region);
  const ContentType = "application/vnd.coreos.ignition+json";
  await s3.putObject({ Bucket: object.bucket, Key: object.key, Body: object.body, ContentType });
}

async function attach(
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
  refresh: RefreshState,
  request: RolloutRequest,
): Promise<StartedRefresh> {
  const { desired } = refresh;
  const isOurs = desired?.templateId === plan.template.id && desired.version !== undefined;
  const data = isOurs
    ? await findVersionData(aws, group.region, plan.template.id, desired?.version ?? "")
    : undefined;
  const same = data !== undefined && isSameData(data, wantedData(group, request));
  if (same && refresh.status !== "Cancelling") {
    return { id: refresh.id, version: Number(desired?.version), attached: true };
  }
  const brings =
    desired === undefined
      ? "the group's own settings"
      : `version ${desired.version ?? "?"} of ${desired.templateId ?? "?"}`;
  throw new IgneousError(
    "rollout-active",
    `instance refresh ${refresh.id} of ${group.name} in ${group.region} is ${refresh.status} and brings ${brings}`,
    {
      hint: `wait for it (igneous status --group ${groupKey(group)} --watch), or end it: igneous rollback --fleet ${groupKey(group)}`,
    },
  );
}
