import { type Digest, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { type Json, canonicalJson } from "../core/json.ts";
import type { FleetState, GroupState } from "./fleet-status-types.ts";
import { templateJson } from "./launch-template.ts";
import { planGroup } from "./rollout-plan-group.ts";
import { stagesOf } from "./rollout-order.ts";
import type { GroupPlan, PlanProblem, RolloutPlan } from "./rollout-plan-types.ts";
import { groupProblems } from "./rollout-problems.ts";
import { wantedData } from "./rollout-target.ts";
import type { RolloutGroup, RolloutRequest } from "./rollout-types.ts";

/** Works out a rollout from what AWS says and what is wanted. Calls nothing and changes nothing. */
export function planRollout(state: FleetState, request: RolloutRequest): RolloutPlan {
  refuseUnreadable(state);
  const planned = request.groups.map((group) => {
    const known = stateOf(state, group);
    const plan = planGroup(state, known, group, request);
    return { plan, problems: groupProblems(state, known, plan, request.strategy) };
  });
  const groups = planned.map(({ plan }) => plan);
  const { target, strategy, specName } = request;
  const intent = {
    specName,
    buildId: target.kind === "build" ? target.build.id : null,
    unlockedReason: target.kind === "unlocked" ? target.reason : null,
    strategy,
    groups: request.groups.map((group, index) => {
      const { name, region, amiId, template, preferences, wayBack } = groups[index] as GroupPlan;
      const data = templateJson(wantedData(stateOf(state, group), request));
      const { id, from } = template;
      return { name, region, amiId, template: { id, from }, data, preferences, wayBack };
    }),
  };
  return {
    digest: digestOf(canonicalJson(intent as unknown as Json)),
    specName,
    buildId: intent.buildId,
    unlockedReason: intent.unlockedReason,
    strategy,
    groups,
    minutes: minutesOf(groups, request.parallelGroups ?? 1),
    blockers: planned.flatMap(({ plan, problems }) => placed(groups, plan, problems.blockers)),
    cautions: planned.flatMap(({ plan, problems }) => placed(groups, plan, problems.cautions)),
    cannotBeUndone: cannotBeUndone(request, groups),
  };
}

/** Groups of one stage are rolled at once. */
function minutesOf(groups: readonly GroupPlan[], parallel: number): number {
  return stagesOf(groups, parallel)
    .map((stage) => Math.max(...stage.map(({ capacity }) => capacity.minutes)))
    .reduce((sum, minutes) => sum + minutes, 0);
}

/** Problems that say of which region their group is, where another has its name. */
function placed(
  groups: readonly GroupPlan[],
  { name, region }: GroupPlan,
  problems: readonly PlanProblem[],
): readonly PlanProblem[] {
  const isShared = groups.filter((group) => group.name === name).length > 1;
  return isShared ? problems.map((problem) => ({ ...problem, group: `${name} in ${region}` })) : problems;
}

/** Refuses a plan that has blockers, or that is not the one which was reviewed. */
export function refusePlan(plan: RolloutPlan, approved: Digest | undefined): void {
  if (approved !== undefined && plan.digest !== approved) {
    throw new IgneousError(
      "rollout-plan-changed",
      `the plan is ${plan.digest} now; reviewed was ${approved}: the lock, the spec, the group or its launch template changed`,
      { hint: "review the new plan: igneous rollout --ami --plan" },
    );
  }
  if (plan.blockers.length === 0) return;
  const lines = plan.blockers.map(
    ({ group, message, hint }) => `${group}: ${message}${hint === undefined ? "" : `\n  ${hint}`}`,
  );
  throw new IgneousError("rollout-blocked", lines.join("\n"), {
    hint: "nothing was changed; remove what stands in the way and run the same command again",
  });
}

function refuseUnreadable({ failures, missing }: FleetState): void {
  const failed = failures[0];
  if (failed !== undefined) {
    throw new IgneousError("aws-failed", `${failed.region} could not be read: ${failed.message}`, {
      hint: "nothing was changed; run the same command again",
    });
  }
  const gone = missing.map(({ name, region }) => `${name} in ${region}`).join(", ");
  if (gone !== "") {
    throw new IgneousError("rollout-group-missing", `there is no Auto Scaling group ${gone}`, {
      hint: "correct rollout.groups in the spec, or --group",
    });
  }
}

function stateOf(state: FleetState, { name, region }: RolloutGroup): GroupState {
  const found = state.groups.find((group) => group.name === name && group.region === region);
  if (found === undefined) throw new Error(`no state of ${name}`);
  return found;
}

function cannotBeUndone(request: RolloutRequest, groups: readonly GroupPlan[]): readonly string[] {
  const replaced = groups.flatMap(({ instances }) => instances.filter(({ action }) => action === "replace"));
  if (replaced.length === 0) return [];
  const count = `${replaced.length} ${replaced.length === 1 ? "instance" : "instances"}`;
  switch (request.strategy) {
    case "replace":
      return [
        `${count} will be terminated: instance ids, addresses, instance stores and volumes that are deleted on termination are lost`,
      ];
    case "replace-root":
      return [`the root volumes of ${count} will be deleted; each instance reboots`];
    case "in-place":
      return [`${count} will reboot`];
  }
}
