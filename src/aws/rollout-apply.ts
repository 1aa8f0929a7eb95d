import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { activeRefreshOf, type FleetState, type GroupState } from "./fleet-status-types.ts";
import { readFleet } from "./fleet-status-read.ts";
import { explainRefresh } from "./instance-refresh-explain.ts";
import { makeVersion, type StartedRefresh, startRefresh } from "./instance-refresh-start.ts";
import { type Sighting, watchRefresh } from "./instance-refresh-watch.ts";
import { setDefaultVersion } from "./launch-template-version.ts";
import { type InstanceEvent, readInstanceEvents } from "./rollout-activities.ts";
import { createHealthGate, type HealthGate } from "./rollout-health.ts";
import { stagesOf, stepName } from "./rollout-order.ts";
import { planRollout } from "./rollout-plan.ts";
import type { NodeOutcome } from "./rollout-in-place.ts";
import type { GroupPlan, RolloutPlan } from "./rollout-plan-types.ts";
import { findUnrecorded, type RecordedAs, recordOf } from "./rollout-record.ts";
import { replaceRoots, rollsOwnRoots } from "./rollout-root-waves.ts";
import type { LockedRollout, RolloutGroup, RolloutRequest, RolloutStatus } from "./rollout-types.ts";

export interface RolloutOutcome {
  readonly rollout: LockedRollout;
  readonly timeline: readonly Sighting[];
  /** Why it did not succeed; empty when it did. */
  readonly explanation: readonly string[];
  /** Strategy in-place: what became of each node, and what it printed. */
  readonly nodes?: readonly NodeOutcome[];
  /** What AWS did to instances meanwhile; none while it goes on. */
  readonly events?: readonly InstanceEvent[];
}

export interface ApplyOptions {
  /** Return when the refresh is started. Only the first groups that may go at once are started then. */
  readonly detach?: boolean;
  /** The rollout that this one takes back. */
  readonly rollbackOf?: string;
  /** Told when a group's rollout has begun, and again when it is over; so that nothing is lost when we are stopped. */
  readonly onOutcome?: (outcome: RolloutOutcome) => Promise<void>;
}

/** Reads what a request is about. */
export function readForRollout(
  context: Context,
  aws: Aws,
  request: Pick<RolloutRequest, "groups" | "target"> & Partial<Pick<RolloutRequest, "preferences">>,
): Promise<FleetState> {
  const { target, groups, preferences } = request;
  return readFleet(context, aws, {
    groups,
    images: target.kind === "build" ? target.build.amis : [target],
    alarms: preferences?.alarms ?? [],
  });
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

async function rollGroup(
  context: Context,
  aws: Aws,
  request: RolloutRequest,
  approved: Digest,
  planDigest: Digest,
  { detach = false, rollbackOf, onOutcome }: ApplyOptions,
): Promise<RolloutOutcome> {
  const state = await readForRollout(context, aws, request);
  const plan = planRollout(state, request);
  const [group] = state.groups;
  const [groupPlan] = plan.groups;
  if (group === undefined || groupPlan === undefined) throw new Error("a plan without its group");
  const startedAt = new Date(aws.clock.now()).toISOString();
  const basis = { request, groupPlan, planDigest, startedAt, rollbackOf };
  const record = (status: RolloutStatus, { id, version }: StartedRefresh, reason?: string): LockedRollout =>
    recordOf(basis, {
      id,
      version,
      status,
      now: aws.clock.now(),
      ...(reason === undefined ? {} : { reason }),
    });
  // To do nothing is always within what was approved: the refresh may have ended between plan and turn.
  if (isDone(group, groupPlan)) return finished(aws, group, groupPlan, request, basis);
  refusePlan(plan, approved);
  if (rollsOwnRoots(group, request.strategy)) {
    return rollRoots(context, aws, {
      group,
      plan: groupPlan,
      request,
      record,
      ...(onOutcome === undefined ? {} : { onOutcome }),
    });
  }
  const started = await startRefresh(aws, group, groupPlan, request);
  const verb = started.attached ? "follows" : "started";
  context.emit({ type: "note", message: `${verb} instance refresh ${started.id} of ${group.name}` });
  const begun = { rollout: record("in-progress", started), timeline: [], explanation: [] };
  if (detach) return begun;
  await onOutcome?.(begun);
  const { health } = request.preferences;
  const gate =
    health === undefined
      ? undefined
      : createHealthGate(context, aws, group, health, (one) => one.templateVersion === started.version);
  return follow(context, aws, group, started, record, gate);
}

interface RootRollout {
  readonly group: GroupState;
  readonly plan: GroupPlan;
  readonly request: RolloutRequest;
  readonly record: (status: RolloutStatus, started: StartedRefresh, reason?: string) => LockedRollout;
  readonly onOutcome?: (outcome: RolloutOutcome) => Promise<void>;
}

/** Waves of our own: the group and the default version follow when every instance has the image. */
async function rollRoots(
  context: Context,
  aws: Aws,
  { group, plan, request, record, onOutcome }: RootRollout,
): Promise<RolloutOutcome> {
  const version = await makeVersion(aws, group, plan, request);
  const started = { id: `roots-${group.name}-${version}-${aws.clock.now()}`, version, attached: false };
  await onOutcome?.({ rollout: record("in-progress", started), timeline: [], explanation: [] });
  const { status, timeline, explanation } = await replaceRoots(context, aws, group, plan);
  if (status === "succeeded") {
    const autoScaling = await aws.autoScaling(group.region);
    await autoScaling.updateAutoScalingGroup({
      AutoScalingGroupName: group.name,
      LaunchTemplate: { LaunchTemplateId: plan.template.id, Version: String(version) },
    });
    await moveDefault(aws, group, version);
  }
  return { rollout: record(status, started, explanation[0]), timeline, explanation };
}

function isDone(group: GroupState, { template, instances }: GroupPlan): boolean {
  return (
    activeRefreshOf(group) === undefined &&
    template.action === "reuse" &&
    template.to === group.template?.version &&
    instances.every(({ action }) => action === "keep")
  );
}

/** There is nothing to do; what a run that was detached or stopped left to record is recorded now. */
async function finished(
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
  request: RolloutRequest,
  basis: RecordedAs,
): Promise<RolloutOutcome> {
  const version = plan.template.to;
  const left = findUnrecorded(group, version, request.rollouts ?? []);
  const now = aws.clock.now();
  if (left === undefined) {
    const id = `unchanged-${basis.startedAt}`;
    return {
      rollout: recordOf(basis, { id, version, status: "unchanged", now }),
      timeline: [],
      explanation: [],
    };
  }
  await moveDefault(aws, group, version);
  // The way back of now is what runs already; what ran before, only a record can tell.
  const ended = { id: left.refresh.id, version, status: "succeeded" as const, now };
  const { previous: _now, ...rollout } = recordOf(basis, ended);
  return { rollout: { ...rollout, ...left.known }, timeline: [], explanation: [] };
}

async function follow(
  context: Context,
  aws: Aws,
  group: GroupState,
  started: StartedRefresh,
  record: (status: RolloutStatus, started: StartedRefresh, reason?: string) => LockedRollout,
  gate: HealthGate | undefined,
): Promise<RolloutOutcome> {
  const { refresh, timeline, unhealthy } = await watchRefresh(context, aws, group, started.id, gate);
  const status = outcomeOf(refresh.status);
  // AWS's times count, whenever we began to look.
  const { startedAt, endedAt } = refresh;
  const times = {
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
  const ended = (how: RolloutStatus, why?: string): LockedRollout => ({
    ...record(how, started, why),
    ...times,
  });
  const events = await readInstanceEvents(aws, group, ended(status).startedAt);
  if (status === "succeeded" && unhealthy !== undefined) {
    return { rollout: ended("failed", unhealthy), timeline, explanation: [unhealthy], events };
  }
  if (status === "succeeded") {
    await moveDefault(aws, group, started.version);
    return { rollout: ended(status), timeline, explanation: [], events };
  }
  const told = await explainRefresh(aws, group, refresh);
  const explanation = unhealthy === undefined ? told : [unhealthy, ...told];
  return { rollout: ended(status, explanation[0]), timeline, explanation, events };
}

async function moveDefault(aws: Aws, { template, region }: GroupState, version: number): Promise<void> {
  if (template === undefined || template.defaultVersion === version) return;
  await setDefaultVersion(aws, region, template.id, version);
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
