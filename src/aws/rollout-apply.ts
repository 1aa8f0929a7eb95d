import type { Context } from "../core/context.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import type { FleetState } from "./fleet-status-types.ts";
import { type ApplyOptions, rollGroup } from "./rollout-group.ts";
import { stagesOf, stepName } from "./rollout-order.ts";
import type { RolloutOutcome } from "./rollout-outcome.ts";
import type { RolloutPlan } from "./rollout-plan-types.ts";
import { planRollout } from "./rollout-plan.ts";
import type { RolloutGroup, RolloutRequest } from "./rollout-types.ts";

/**
 * Rolls groups in their order, control-plane groups one by one and first, and begins nothing more once one does not
 * succeed. Each group is read again before its turn: when what would be done to it has changed since the plan, it is refused.
 */
export async function applyRollout(
  context: Context,
  aws: Aws,
  planned: { readonly state: FleetState; readonly plan: RolloutPlan; readonly request: RolloutRequest },
  options: ApplyOptions = {},
): Promise<readonly RolloutOutcome[]> {
  const outcomes: RolloutOutcome[] = [];
  for (const stage of stagesOf(planned.request.groups, planned.request.parallelGroups ?? 1)) {
    // Groups that go together are all followed to their end, also when one of them fails.
    const ended = await mapLimit(stage, stage.length, (group) =>
      rollStep(context, aws, planned, group, options).then(
        (outcome) => ({ outcome }),
        (error: unknown) => ({ error }),
      ),
    );
    for (const end of ended) {
      if ("error" in end) throw end.error;
      outcomes.push(end.outcome);
    }
    if (outcomes.some(({ rollout }) => !["succeeded", "unchanged"].includes(rollout.status))) break;
  }
  return outcomes;
}

function rollStep(
  context: Context,
  aws: Aws,
  planned: { readonly state: FleetState; readonly plan: RolloutPlan; readonly request: RolloutRequest },
  group: RolloutGroup,
  options: ApplyOptions,
): Promise<RolloutOutcome> {
  const alone = { ...planned.request, groups: [group] };
  const approved = planRollout(planned.state, alone).digest;
  return runStep(context, stepName(group), stepName(group), async () => {
    const value = await rollGroup(context, aws, alone, approved, planned.plan.digest, options);
    const { status } = value.rollout;
    if (status !== "unchanged") await options.onOutcome?.(value);
    const isBad = ["failed", "cancelled", "rolled-back", "rollback-failed"].includes(status);
    return { value, outcome: status === "unchanged" ? "unchanged" : isBad ? "failed" : "done", note: status };
  });
}
