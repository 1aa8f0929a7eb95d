import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import {
  type FleetState,
  type GroupState,
  type ImageState,
  type RefreshState,
  activeRefreshOf,
} from "./fleet-status-types.ts";
import type { RolloutPlan } from "./rollout-plan-types.ts";
import { planRollout } from "./rollout-plan.ts";
import { readForRollout } from "./rollout-read.ts";
import { type RollbackRequest, rollbackTarget } from "./rollout-rollback-target.ts";
import { type RolloutRequest, groupKey } from "./rollout-types.ts";

/** How a group will be brought back, decided by what AWS says about it. */
export type RollbackPlan =
  | {
      /** A refresh is under way: AWS turns it around, or it is followed because it turns already, or cancelled. */
      readonly kind: "in-flight";
      readonly action: "turn" | "follow" | "cancel";
      readonly refresh: RefreshState;
    }
  | {
      readonly kind: "new-rollout";
      readonly why: string;
      readonly request: RolloutRequest;
      readonly state: FleetState;
      readonly plan: RolloutPlan;
      readonly rollbackOf?: string;
    };

/** Works out how a group goes back. Changes nothing. */
export async function planRollback(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
): Promise<RollbackPlan> {
  const { group, images } = await readGroup(context, aws, wanted);
  const refresh = activeRefreshOf(group);
  if (refresh === undefined) return planNew(context, aws, wanted, group, undefined);
  if (wanted.to !== undefined) {
    throw new IgneousError(
      "rollout-active",
      `instance refresh ${refresh.id} of ${group.name} in ${group.region} is ${refresh.status}`,
      {
        hint: `bring it back first: igneous rollback --fleet ${groupKey(group)}, then roll out the build you want`,
      },
    );
  }
  const action =
    refresh.status === "RollbackInProgress"
      ? "follow"
      : refresh.status === "Pending" || refresh.status === "Cancelling"
        ? "cancel"
        : "turn";
  if (action === "turn") needWayBack(group, images);
  return { kind: "in-flight", action, refresh };
}

/** Turned around without it, a refresh would end the new instances and could launch none of the old ones. */
function needWayBack(group: GroupState, images: readonly ImageState[]): void {
  const own = group.mixed?.overrides.find(({ imageId }) => imageId !== undefined)?.imageId;
  const amiId = own ?? group.template?.data.ImageId;
  const image = images.find(({ imageId, region }) => imageId === amiId && region === group.region);
  if (amiId === undefined || amiId.startsWith("resolve:ssm:") || image?.state === "available") return;
  const state = image === undefined ? "gone" : image.state;
  throw new IgneousError(
    "rollout-blocked",
    `there is no way back for ${group.name} in ${group.region}: AMI ${amiId} of the version that ran before is ${state}`,
    {
      hint: `stop where it is, and nothing more is ended: igneous rollout --pause --group ${groupKey(group)}; then roll out a build that is there`,
    },
  );
}

/** The rollout that brings a group back where no refresh can be turned around. */
export async function planNew(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
  group: GroupState,
  rollbackOf: string | undefined,
): Promise<Extract<RollbackPlan, { readonly kind: "new-rollout" }>> {
  const target = await rollbackTarget(aws, wanted, group, isMixed(group, wanted));
  const request: RolloutRequest = {
    specName: wanted.specName,
    target: target.target,
    groups: [wanted.group],
    strategy: target.strategy,
    // A way back that turned around would end on what we flee from.
    preferences: { ...wanted.preferences, autoRollback: false, checkpointPercentages: [] },
    builds: wanted.builds,
    ...(target.version === undefined ? {} : { templateVersions: { [groupKey(group)]: target.version } }),
  };
  const state = await readForRollout(context, aws, request);
  const of = rollbackOf ?? target.rollbackOf;
  return {
    kind: "new-rollout",
    why: target.why,
    request,
    state,
    plan: planRollout(state, request),
    ...(of === undefined ? {} : { rollbackOf: of }),
  };
}

/** Whether instances run that are not as the group's own settings would make them. */
export function isMixed(
  { instances, pinned, mixed, template, name, region }: GroupState,
  { rollouts }: RollbackRequest,
): boolean {
  const newest = rollouts.find((one) => one.group === name && one.region === region);
  if (newest?.strategy === "replace-root") {
    // Instances that were kept keep the version they were launched with; only their image tells.
    const image =
      mixed?.overrides.find(({ imageId }) => imageId !== undefined)?.imageId ?? template?.data.ImageId;
    return instances.some(({ imageId }) => imageId !== image);
  }
  return instances.some(({ templateVersion }) => String(templateVersion) !== pinned);
}

/** One group, which must be there and readable. */
export async function readGroup(
  context: Context,
  aws: Aws,
  { group, builds }: RollbackRequest,
): Promise<{ readonly group: GroupState; readonly images: readonly ImageState[] }> {
  const images = builds.flatMap(({ amis }) => amis).filter(({ region }) => region === group.region);
  const request = { groups: [group], target: { kind: "build" as const, build: { id: "", amis: images } } };
  const state = await readForRollout(context, aws, request);
  const failed = state.failures[0];
  if (failed !== undefined) {
    throw new IgneousError("aws-failed", `${failed.region} could not be read: ${failed.message}`, {
      hint: "nothing was changed; run the same command again",
    });
  }
  const [found] = state.groups;
  if (found !== undefined) return { group: found, images: state.images };
  throw new IgneousError(
    "rollout-group-missing",
    `there is no Auto Scaling group ${group.name} in ${group.region}`,
    {
      hint: "correct rollout.groups in the spec, or --fleet",
    },
  );
}
