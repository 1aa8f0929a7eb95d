import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import type { Aws } from "./apis.ts";
import { type GroupState, activeRefreshOf } from "./fleet-status-types.ts";
import { explainRefresh } from "./instance-refresh-explain.ts";
import { type StartedRefresh, makeVersion, startRefresh } from "./instance-refresh-start.ts";
import { watchRefresh } from "./instance-refresh-watch.ts";
import { setDefaultVersion } from "./launch-template-version.ts";
import { readInstanceEvents } from "./rollout-activities.ts";
import { type HealthGate, createHealthGate } from "./rollout-health.ts";
import { type RolloutOutcome, outcomeOf } from "./rollout-outcome.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";
import { planRollout, refusePlan } from "./rollout-plan.ts";
import { readForRollout } from "./rollout-read.ts";
import { type RecordedAs, findUnrecorded, recordOf } from "./rollout-record.ts";
import { replaceRoots, rollsOwnRoots } from "./rollout-root-waves.ts";
import type { LockedRollout, RolloutRequest, RolloutStatus } from "./rollout-types.ts";

export interface ApplyOptions {
  /** Return when the refresh is started. Only the first groups that may go at once are started then. */
  readonly detach?: boolean;
  /** The rollout that this one takes back. */
  readonly rollbackOf?: string;
  /** Told when a group's rollout has begun, and again when it is over; so that nothing is lost when we are stopped. */
  readonly onOutcome?: (outcome: RolloutOutcome) => Promise<void>;
}

/** Rolls one group, read anew; refuses when what would be done is not what was `approved`. `planDigest` is what is recorded. */
export async function rollGroup(
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
