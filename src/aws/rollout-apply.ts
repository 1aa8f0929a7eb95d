import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { activeRefreshOf, type FleetState, type GroupState } from "./fleet-status-types.ts";
import { readFleet } from "./fleet-status-read.ts";
import { explainRefresh } from "./instance-refresh-explain.ts";
import { type StartedRefresh, startRefresh } from "./instance-refresh-start.ts";
import { type Sighting, watchRefresh } from "./instance-refresh-watch.ts";
import { setDefaultVersion } from "./launch-template-version.ts";
import { planRollout } from "./rollout-plan.ts";
import type { GroupPlan, RolloutPlan } from "./rollout-plan-types.ts";
import type { LockedRollout, RolloutGroup, RolloutRequest, RolloutStatus } from "./rollout-types.ts";

export interface RolloutOutcome {
  readonly rollout: LockedRollout;
  readonly timeline: readonly Sighting[];
  /** Why it did not succeed; empty when it did. */
  readonly explanation: readonly string[];
}

export interface ApplyOptions {
  /** Return when the refresh is started. Only the first group is started then. */
  readonly detach?: boolean;
  /** The rollout that this one takes back. */
  readonly rollbackOf?: string;
}

/** Reads what a request is about. */
export function readForRollout(
  context: Context,
  aws: Aws,
  request: Pick<RolloutRequest, "groups" | "target">,
): Promise<FleetState> {
  const { target, groups } = request;
  return readFleet(context, aws, { groups, images: target.kind === "build" ? target.build.amis : [target] });
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

/**
 * Rolls groups one after the other and stops at the first that does not succeed. Each group is read again before its
 * turn: when what would be done to it has changed since the plan, it is refused.
 */
export async function applyRollout(
  context: Context,
  aws: Aws,
  planned: { readonly state: FleetState; readonly plan: RolloutPlan; readonly request: RolloutRequest },
  options: ApplyOptions = {},
): Promise<readonly RolloutOutcome[]> {
  const outcomes: RolloutOutcome[] = [];
  for (const group of planned.request.groups) {
    const alone = { ...planned.request, groups: [group] };
    const approved = planRollout(planned.state, alone).digest;
    const outcome = await runStep(
      context,
      `roll ${group.name}`,
      `roll ${group.name} in ${group.region}`,
      async () => {
        const value = await rollGroup(context, aws, alone, group, approved, planned.plan.digest, options);
        const { status } = value.rollout;
        return { value, outcome: status === "unchanged" ? "unchanged" : "done", note: status };
      },
    );
    outcomes.push(outcome);
    if (outcome.rollout.status !== "succeeded" && outcome.rollout.status !== "unchanged") break;
  }
  return outcomes;
}

async function rollGroup(
  context: Context,
  aws: Aws,
  request: RolloutRequest,
  wanted: RolloutGroup,
  approved: Digest,
  planDigest: Digest,
  { detach = false, rollbackOf }: ApplyOptions,
): Promise<RolloutOutcome> {
  const state = await readForRollout(context, aws, request);
  const plan = planRollout(state, request);
  refusePlan(plan, approved);
  const [group] = state.groups;
  const [groupPlan] = plan.groups;
  if (group === undefined || groupPlan === undefined) throw new Error("a plan without its group");
  const startedAt = new Date(aws.clock.now()).toISOString();
  const isDone =
    activeRefreshOf(group) === undefined &&
    groupPlan.template.action === "reuse" &&
    groupPlan.template.to === group.template?.version &&
    groupPlan.instances.every(({ action }) => action === "keep");
  const record = (status: RolloutStatus, started: StartedRefresh, reason?: string): LockedRollout =>
    recordOf({ request, groupPlan, planDigest, startedAt, rollbackOf }, status, started, aws, reason);
  if (isDone) {
    const none = { id: `unchanged-${startedAt}`, version: groupPlan.template.to, attached: false };
    return { rollout: record("unchanged", none), timeline: [], explanation: [] };
  }
  const started = await startRefresh(aws, group, groupPlan, wanted, request);
  const verb = started.attached ? "follows" : "started";
  context.emit({ type: "note", message: `${verb} instance refresh ${started.id} of ${group.name}` });
  if (detach) return { rollout: record("in-progress", started), timeline: [], explanation: [] };
  return follow(context, aws, group, started, record);
}

async function follow(
  context: Context,
  aws: Aws,
  group: GroupState,
  started: StartedRefresh,
  record: (status: RolloutStatus, started: StartedRefresh, reason?: string) => LockedRollout,
): Promise<RolloutOutcome> {
  const { refresh, timeline } = await watchRefresh(context, aws, group, started.id);
  const status = outcomeOf(refresh.status);
  if (status === "succeeded") {
    const template = group.template;
    if (template !== undefined && template.defaultVersion !== started.version) {
      await setDefaultVersion(aws, group.region, template.id, started.version);
    }
    return { rollout: record(status, started), timeline, explanation: [] };
  }
  const explanation = await explainRefresh(aws, group, refresh);
  return { rollout: record(status, started, explanation[0]), timeline, explanation };
}

export function outcomeOf(status: string): RolloutStatus {
  switch (status) {
    case "Successful":
      return "succeeded";
    case "Cancelled":
      return "cancelled";
    case "RollbackSuccessful":
      return "rolled-back";
    case "RollbackFailed":
      return "rollback-failed";
    case "Failed":
      return "failed";
    default:
      return "in-progress";
  }
}

interface Recorded {
  readonly request: RolloutRequest;
  readonly groupPlan: GroupPlan;
  readonly planDigest: Digest;
  readonly startedAt: string;
  readonly rollbackOf: string | undefined;
}

function recordOf(
  { request, groupPlan, planDigest, startedAt, rollbackOf }: Recorded,
  status: RolloutStatus,
  started: StartedRefresh,
  aws: Aws,
  reason: string | undefined,
): LockedRollout {
  const { target } = request;
  const { wayBack } = groupPlan;
  return {
    id: started.id,
    group: groupPlan.name,
    region: groupPlan.region,
    strategy: request.strategy,
    status,
    plan: planDigest,
    ...(target.kind === "build" ? { buildId: target.build.id } : { unlockedReason: target.reason }),
    amiId: groupPlan.amiId,
    ...(wayBack.amiId === null
      ? {}
      : {
          previous: {
            ...(wayBack.buildId === null ? {} : { buildId: wayBack.buildId }),
            amiId: wayBack.amiId,
            version: wayBack.version,
          },
        }),
    launchTemplate: { id: groupPlan.template.id, version: started.version },
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    startedAt,
    ...(status === "in-progress" ? {} : { endedAt: new Date(aws.clock.now()).toISOString() }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** What the caller throws when a rollout did not succeed, after the lock is written. */
export function rolloutFailure(outcomes: readonly RolloutOutcome[]): IgneousError | undefined {
  const bad = outcomes.find(({ rollout }) =>
    ["failed", "cancelled", "rolled-back", "rollback-failed"].includes(rollout.status),
  );
  if (bad === undefined) return undefined;
  const { rollout, explanation } = bad;
  const why = explanation.map((line) => `\n  ${line}`).join("");
  const where = `${rollout.group} in ${rollout.region}`;
  if (rollout.status === "rolled-back") {
    const back = rollout.previous?.amiId ?? "what it ran before";
    return new IgneousError("rollout-rolled-back", `${where} went back to ${back}:${why}`, {
      hint: `look at the failed build, then roll out another; now: igneous status --group ${rollout.group}`,
    });
  }
  const mixed =
    rollout.status === "rollback-failed"
      ? "the way back failed as well"
      : `the rollout ${rollout.status === "cancelled" ? "was cancelled" : "failed"}`;
  return new IgneousError("rollout-failed", `${where}: ${mixed}; instances of both builds may run:${why}`, {
    hint: `see which: igneous status --group ${rollout.group}; go back with: igneous rollback --fleet ${rollout.group}`,
  });
}
