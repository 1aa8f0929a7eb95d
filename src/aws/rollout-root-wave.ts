import type { Context } from "../core/context.ts";
import { digestHex, digestOf } from "../core/digest.ts";
import type { Aws } from "./apis.ts";
import { readFleet } from "./fleet-status-read.ts";
import { readAlarms } from "./fleet-status-signals.ts";
import type { GroupState, InstanceState } from "./fleet-status-types.ts";
import { createHealthGate } from "./rollout-health.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";

const replaceWithinMs = 30 * 60_000;

const firstLookMs = 1000;

const lookMs = 15_000;

/** One wave to an image. Gives what went wrong. Whatever an earlier try did of it already is not done again. */
export async function runWave(
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
