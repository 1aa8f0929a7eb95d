import type { Aws } from "./apis.ts";
import type { AlarmState, HookState } from "./fleet-status-types.ts";

/** The lifecycle hooks of a group. */
export async function readHooks(
  aws: Aws,
  region: string,
  name: string,
  count: () => void,
): Promise<readonly HookState[]> {
  const autoScaling = await aws.autoScaling(region);
  count();
  const { LifecycleHooks } = await autoScaling.describeLifecycleHooks({ AutoScalingGroupName: name });
  return (LifecycleHooks ?? []).map((hook) => ({
    name: hook.LifecycleHookName ?? "",
    at: hook.LifecycleTransition === "autoscaling:EC2_INSTANCE_TERMINATING" ? "terminating" : "launching",
    timeoutSeconds: hook.HeartbeatTimeout ?? 3600,
    otherwise: hook.DefaultResult === "CONTINUE" ? "CONTINUE" : "ABANDON",
  }));
}

/** The states of alarms, metric or composite; those that there are not are said to be missing. */
export async function readAlarms(
  aws: Aws,
  region: string,
  names: readonly string[],
  count: () => void,
): Promise<readonly AlarmState[]> {
  if (names.length === 0) return [];
  const cloudWatch = await aws.cloudWatch(region);
  count();
  const { MetricAlarms, CompositeAlarms } = await cloudWatch.describeAlarms({
    AlarmNames: [...names],
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
  });
  const found = new Map(
    [...(MetricAlarms ?? []), ...(CompositeAlarms ?? [])].map(({ AlarmName, StateValue }) => [
      AlarmName,
      StateValue,
    ]),
  );
  return names.map((name) => ({ region, name, state: found.get(name) ?? "missing" }));
}
