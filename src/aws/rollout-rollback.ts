import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import {
  activeRefreshOf,
  type FleetState,
  type GroupState,
  type RefreshState,
} from "./fleet-status-types.ts";
import { explainRefresh } from "./instance-refresh-explain.ts";
import { type Sighting, watchRefresh } from "./instance-refresh-watch.ts";
import { type RollbackRequest, rollbackTarget } from "./rollout-rollback-target.ts";
import { applyRollout, outcomeOf, readForRollout, refusePlan, type RolloutOutcome } from "./rollout-apply.ts";
import { stepName } from "./rollout-order.ts";
import { planRollout } from "./rollout-plan.ts";
import type { RolloutPlan } from "./rollout-plan-types.ts";
import { groupKey, type RolloutRequest, type RolloutStatus } from "./rollout-types.ts";

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

export interface RollbackOutcome {
  readonly group: string;
  readonly region: string;
  /** `returned`: the group runs again what it ran before. */
  readonly status: "returned" | "cancelled" | "failed";
  readonly refreshId: string;
  readonly timeline: readonly Sighting[];
  readonly explanation: readonly string[];
  /** When a new rollout was needed. */
  readonly rollout?: RolloutOutcome;
}

/** Works out how a group goes back. Changes nothing. */
export async function planRollback(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
): Promise<RollbackPlan> {
  const group = await readGroup(context, aws, wanted);
  const refresh = activeRefreshOf(group);
  if (refresh === undefined) return planNew(context, aws, wanted, group, undefined);
  if (wanted.to !== undefined) {
    throw new IgneousError(
      "rollout-active",
      `instance refresh ${refresh.id} of ${group.name} in ${group.region} is ${refresh.status}`,
      {
        hint: `bring it back first: igneous rollback --fleet ${group.name}, then roll out the build you want`,
      },
    );
  }
  const action =
    refresh.status === "RollbackInProgress"
      ? "follow"
      : refresh.status === "Pending" || refresh.status === "Cancelling"
        ? "cancel"
        : "turn";
  return { kind: "in-flight", action, refresh };
}

/** Brings a group back as planned. What AWS cannot turn around is cancelled and rolled anew, and the reason told. */
export async function applyRollback(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
  plan: RollbackPlan,
): Promise<RollbackOutcome> {
  if (plan.kind === "new-rollout") return rollBack(context, aws, wanted, plan);
  const { name, region } = wanted.group;
  return runStep(context, stepName(wanted.group), `bring ${name} in ${region} back`, async () => {
    const value = await turn(context, aws, wanted, plan.refresh, plan.action);
    return { value, note: value.status };
  });
}

async function turn(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
  refresh: RefreshState,
  action: "turn" | "follow" | "cancel",
): Promise<RollbackOutcome> {
  const { group } = wanted;
  const autoScaling = await aws.autoScaling(group.region);
  const named = { AutoScalingGroupName: group.name };
  if (action === "cancel") return cancel(context, aws, wanted, refresh);
  if (action === "turn") {
    try {
      await autoScaling.rollbackInstanceRefresh(named);
    } catch (error) {
      const code = awsErrorCode(error);
      if (code.startsWith("ActiveInstanceRefreshNotFound")) {
        // It ended, or turned around, between our look and our call.
        const next = await planRollback(context, aws, wanted);
        if (next.kind === "new-rollout") return rollBack(context, aws, wanted, next);
        return turn(context, aws, wanted, next.refresh, next.action === "turn" ? "cancel" : next.action);
      }
      if (!code.startsWith("IrreversibleInstanceRefresh")) throw error;
      const why = error instanceof Error ? error.message : code;
      const message = `AWS cannot turn refresh ${refresh.id} around (${why}); it is cancelled and the group rolled anew`;
      context.emit({ type: "warning", message });
      return cancel(context, aws, wanted, refresh);
    }
  }
  const seen = await watchRefresh(context, aws, group, refresh.id);
  return ended(aws, wanted, seen.refresh, seen.timeline);
}

/** Cancels a refresh and, when it had replaced instances already, rolls the group to its own settings. */
async function cancel(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
  refresh: RefreshState,
): Promise<RollbackOutcome> {
  const { group } = wanted;
  const autoScaling = await aws.autoScaling(group.region);
  if (refresh.status !== "Cancelling") {
    await autoScaling.cancelInstanceRefresh({ AutoScalingGroupName: group.name });
  }
  const seen = await watchRefresh(context, aws, group, refresh.id);
  const state = await readGroup(context, aws, wanted);
  if (!isMixed(state, wanted)) return ended(aws, wanted, seen.refresh, seen.timeline);
  const plan = await planNew(context, aws, wanted, state, refresh.id);
  return rollBack(context, aws, wanted, plan);
}

async function ended(
  aws: Aws,
  { group }: RollbackRequest,
  refresh: RefreshState,
  timeline: readonly Sighting[],
): Promise<RollbackOutcome> {
  const status: Partial<Record<RolloutStatus, RollbackOutcome["status"]>> = {
    "rolled-back": "returned",
    cancelled: "cancelled",
  };
  const found = status[outcomeOf(refresh.status)] ?? "failed";
  return {
    group: group.name,
    region: group.region,
    status: found,
    refreshId: refresh.id,
    timeline,
    explanation: found === "failed" ? await explainRefresh(aws, group, refresh) : [],
  };
}

async function rollBack(
  context: Context,
  aws: Aws,
  wanted: RollbackRequest,
  plan: Extract<RollbackPlan, { readonly kind: "new-rollout" }>,
): Promise<RollbackOutcome> {
  refusePlan(plan.plan, undefined);
  context.emit({ type: "note", message: plan.why });
  const [outcome] = await applyRollout(
    context,
    aws,
    plan,
    plan.rollbackOf === undefined ? {} : { rollbackOf: plan.rollbackOf },
  );
  if (outcome === undefined) throw new Error("a rollout without outcome");
  const { status, id } = outcome.rollout;
  return {
    group: wanted.group.name,
    region: wanted.group.region,
    status: status === "succeeded" || status === "unchanged" ? "returned" : "failed",
    refreshId: id,
    timeline: outcome.timeline,
    explanation: outcome.explanation,
    rollout: outcome,
  };
}

async function planNew(
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
function isMixed(
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

async function readGroup(
  context: Context,
  aws: Aws,
  { group, builds }: RollbackRequest,
): Promise<GroupState> {
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
  if (found !== undefined) return found;
  throw new IgneousError(
    "rollout-group-missing",
    `there is no Auto Scaling group ${group.name} in ${group.region}`,
    {
      hint: "correct rollout.groups in the spec, or --fleet",
    },
  );
}
