import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import type { RefreshState } from "./fleet-status-types.ts";
import { explainRefresh } from "./instance-refresh-explain.ts";
import { type Sighting, watchRefresh } from "./instance-refresh-watch.ts";
import { applyRollout } from "./rollout-apply.ts";
import { stepName } from "./rollout-order.ts";
import { type RolloutOutcome, outcomeOf } from "./rollout-outcome.ts";
import { refusePlan } from "./rollout-plan.ts";
import { type RollbackPlan, isMixed, planNew, planRollback, readGroup } from "./rollout-rollback-plan.ts";
import type { RollbackRequest } from "./rollout-rollback-target.ts";
import type { RolloutStatus } from "./rollout-types.ts";

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
  const { group: state } = await readGroup(context, aws, wanted);
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
