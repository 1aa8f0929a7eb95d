import type { Context } from "../core/context.ts";
import { digestHex, digestOf } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import type { GroupState, InstanceState } from "./fleet-status-types.ts";
import { readFleet } from "./fleet-status-read.ts";
import { readAlarms } from "./fleet-status-signals.ts";
import type { Sighting } from "./instance-refresh-watch.ts";
import { createHealthGate } from "./rollout-health.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";
import type { RolloutStrategy } from "./rollout-types.ts";

/** Whether root volumes are replaced in waves of our own: AWS's refresh does so only with a mixed instances policy that names AMIs. */
export function rollsOwnRoots(
  { mixed }: { readonly mixed?: GroupState["mixed"] | undefined },
  strategy: RolloutStrategy,
): boolean {
  return strategy === "replace-root" && mixed === undefined;
}

export interface RootWaves {
  readonly status: "succeeded" | "failed" | "rolled-back";
  readonly timeline: readonly Sighting[];
  readonly explanation: readonly string[];
}

const replaceWithinMs = 30 * 60_000;
const firstLookMs = 1000;
const lookMs = 15_000;

/**
 * Gives instances the new root volume, so many at a time as the plan says: out of service, replaced, checked by EC2 and by
 * the gate, back into service. When one does not come back healthy, those that were changed get the old image again.
 */
export async function replaceRoots(
  context: Context,
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
): Promise<RootWaves> {
  const timeline: Sighting[] = [];
  const ids = plan.instances.filter(({ action }) => action === "replace").map(({ instanceId }) => instanceId);
  const waves = wavesOf(ids, plan);
  const done: string[] = [];
  const see = (status: string, reason: string | null): void => {
    const percent = ids.length === 0 ? 100 : Math.floor((100 * done.length) / ids.length);
    const at = new Date(aws.clock.now()).toISOString();
    timeline.push({ at, status, percent, toUpdate: ids.length - done.length, reason });
  };
  see("InProgress", null);
  for (const [index, wave] of waves.entries()) {
    const name = `wave ${index + 1} of ${waves.length} of ${group.name}`;
    const trouble = await runStep(context, name, `${name}: ${wave.join(" ")}`, async () => {
      const value = await runWave(context, aws, group, plan, wave, plan.amiId);
      return { value, note: value ?? "all healthy" };
    });
    if (trouble === undefined) {
      done.push(...wave);
      see("InProgress", `${name}: ${wave.join(", ")}`);
      continue;
    }
    see("Failed", trouble);
    const { amiId, possible } = plan.wayBack;
    if (!plan.preferences.autoRollback || !possible || amiId === null) {
      return { status: "failed", timeline, explanation: [trouble] };
    }
    const changed = [...done, ...wave];
    context.emit({
      type: "warning",
      message: `${group.name}: ${trouble}; ${changed.length} instances go back`,
    });
    let stuck: string | undefined;
    for (const back of wavesOf(changed.toReversed(), plan)) {
      stuck ??= await runWave(context, aws, group, plan, back, amiId);
    }
    done.length = 0;
    see(stuck === undefined ? "RollbackSuccessful" : "RollbackFailed", stuck ?? null);
    const explanation = stuck === undefined ? [trouble] : [trouble, `the way back: ${stuck}`];
    return { status: stuck === undefined ? "rolled-back" : "failed", timeline, explanation };
  }
  see("Successful", null);
  return { status: "succeeded", timeline, explanation: [] };
}

function wavesOf(
  ids: readonly string[],
  { capacity, preferences }: GroupPlan,
): readonly (readonly string[])[] {
  const size = Math.max(1, capacity.atOnce);
  const share = preferences.checkpointPercentages[0] ?? 100;
  const first = Math.max(1, Math.min(size, Math.ceil((share * capacity.desired) / 100)));
  const waves: (readonly string[])[] = [];
  for (let at = 0; at < ids.length; ) {
    const count = waves.length === 0 ? first : size;
    waves.push(ids.slice(at, at + count));
    at += count;
  }
  return waves;
}

/** One wave to an image. Gives what went wrong. Whatever an earlier try did of it already is not done again. */
async function runWave(
  context: Context,
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
  wave: readonly string[],
  amiId: string,
): Promise<string | undefined> {
  const { region, name } = group;
  const { preferences } = plan;
  const isForward = amiId === plan.amiId;
  if (isForward) {
    const alarm = (await readAlarms(aws, region, preferences.alarms, () => undefined)).find(
      ({ state }) => state !== "OK",
    );
    if (alarm !== undefined) return `alarm ${alarm.name} is ${alarm.state}`;
  }
  const autoScaling = await aws.autoScaling(region);
  const before = await membersOf(context, aws, group, wave);
  const serving = before
    .filter(({ lifecycle }) => lifecycle === "InService")
    .map(({ instanceId }) => instanceId);
  if (serving.length > 0) {
    await autoScaling.enterStandby({
      AutoScalingGroupName: name,
      InstanceIds: [...serving],
      ShouldDecrementDesiredCapacity: true,
    });
  }
  const out = await waitFor(context, aws, async () => {
    const members = await membersOf(context, aws, group, wave);
    return members.every(({ lifecycle }) => lifecycle === "Standby") ? "done" : undefined;
  });
  if (out === undefined) return `${wave.join(", ")} did not leave service in time`;
  const old = before.filter(({ imageId }) => imageId !== amiId).map(({ instanceId }) => instanceId);
  const failed = await replaceAll(context, aws, region, old, amiId);
  if (failed !== undefined) return failed;
  const checked = await waitFor(context, aws, () => statusChecks(aws, region, wave));
  if (checked === undefined) return `${wave.join(", ")} did not pass EC2's status checks in time`;
  await autoScaling.exitStandby({ AutoScalingGroupName: name, InstanceIds: [...wave] });
  const back = await waitFor(context, aws, async () => {
    const members = await membersOf(context, aws, group, wave);
    return members.every(({ lifecycle }) => lifecycle === "InService") ? "done" : undefined;
  });
  if (back === undefined) return `${wave.join(", ")} did not come back into service in time`;
  if (preferences.health !== null) {
    const gate = createHealthGate(context, aws, group, preferences.health, (one) =>
      wave.includes(one.instanceId),
    );
    const trouble = await gate.settle();
    if (trouble !== undefined) return trouble;
  }
  if (isForward && preferences.instanceWarmup > 0) {
    await aws.clock.sleep(preferences.instanceWarmup * 1000, context.signal);
  }
  return undefined;
}

async function membersOf(
  context: Context,
  aws: Aws,
  group: GroupState,
  ids: readonly string[],
): Promise<readonly InstanceState[]> {
  const [state] = (await readFleet(context, aws, { groups: [group], images: [], brief: true })).groups;
  return (state?.instances ?? []).filter(({ instanceId }) => ids.includes(instanceId));
}

/** Replaces root volumes and waits; EC2 reboots each instance. Gives what went wrong. */
async function replaceAll(
  context: Context,
  aws: Aws,
  region: string,
  ids: readonly string[],
  amiId: string,
): Promise<string | undefined> {
  const ec2 = await aws.ec2(region);
  const tasks: string[] = [];
  for (const InstanceId of ids) {
    const { ReplaceRootVolumeTask: task } = await ec2.createReplaceRootVolumeTask({
      InstanceId,
      ImageId: amiId,
      DeleteReplacedRootVolume: true,
      // The same for each try of this call, another for a replacement that follows one which was taken back.
      ClientToken: digestHex(digestOf(`${InstanceId} ${amiId} ${aws.clock.now()}`)),
    });
    tasks.push(task?.ReplaceRootVolumeTaskId ?? "");
  }
  if (tasks.length === 0) return undefined;
  const ended = await waitFor(context, aws, async () => {
    const { ReplaceRootVolumeTasks: found } = await ec2.describeReplaceRootVolumeTasks({
      ReplaceRootVolumeTaskIds: tasks,
    });
    const bad = (found ?? []).find(({ TaskState }) => TaskState?.startsWith("failed") === true);
    if (bad !== undefined)
      return `the root volume of ${bad.InstanceId} could not be replaced: ${bad.TaskState}`;
    const good = (found ?? []).filter(({ TaskState }) => TaskState === "succeeded");
    return good.length === tasks.length ? "done" : undefined;
  });
  if (ended === undefined) return `root volumes were not replaced in time: ${tasks.join(", ")}`;
  return ended === "done" ? undefined : ended;
}

async function statusChecks(aws: Aws, region: string, ids: readonly string[]): Promise<"done" | undefined> {
  const ec2 = await aws.ec2(region);
  const { InstanceStatuses } = await ec2.describeInstanceStatus({ InstanceIds: [...ids] });
  const passed = (InstanceStatuses ?? []).filter(
    ({ InstanceStatus, SystemStatus }) => InstanceStatus?.Status === "ok" && SystemStatus?.Status === "ok",
  );
  return passed.length === ids.length ? "done" : undefined;
}

async function waitFor<T>(
  context: Context,
  aws: Aws,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const until = aws.clock.now() + replaceWithinMs;
  for (let wait = firstLookMs; ; wait = Math.min(lookMs, wait * 2)) {
    const found = await look();
    if (found !== undefined || aws.clock.now() >= until) return found;
    await aws.clock.sleep(wait, context.signal);
  }
}
