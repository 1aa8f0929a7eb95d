import type { GroupState } from "./fleet-status-types.ts";
import type { CapacityPlan, GroupPreferences } from "./rollout-plan-types.ts";
import { healthSeconds } from "./rollout-health.ts";
import type { NodeRole, RolloutPreferences, RolloutStrategy } from "./rollout-types.ts";

/** AWS's default; the console's and CloudFormation's are others. */
const defaultMinHealthy = 90;
const defaultCheckpointDelay = 3600;
const launchMinutes = 3;

/** Preferences of one group: what the spec asks for, else the group's own policy, else the API's defaults; one control-plane node at a time. */
export function groupPreferences(
  wanted: RolloutPreferences,
  state: GroupState,
  role: NodeRole | undefined,
  strategy: RolloutStrategy,
): GroupPreferences {
  const asked = wanted.minHealthyPercentage ?? state.maintenance?.min ?? defaultMinHealthy;
  const single = role === "control-plane" && state.desiredCapacity > 1;
  // All but one, rounded down: AWS rounds the number of instances up.
  const allButOne = Math.floor((100 * (state.desiredCapacity - 1)) / Math.max(1, state.desiredCapacity));
  const min = single ? Math.max(asked, allButOne) : asked;
  const max =
    wanted.maxHealthyPercentage ??
    (wanted.minHealthyPercentage === undefined ? state.maintenance?.max : undefined);
  const checkpoints = wanted.checkpointPercentages ?? [];
  return {
    minHealthyPercentage: min,
    maxHealthyPercentage: strategy === "replace-root" || single ? null : (max ?? null),
    instanceWarmup: wanted.instanceWarmup ?? state.warmupSeconds ?? state.healthCheckGraceSeconds,
    checkpointPercentages: checkpoints,
    checkpointDelay: checkpoints.length === 0 ? 0 : (wanted.checkpointDelay ?? defaultCheckpointDelay),
    // Only while AWS waits can it still be turned around by what we see ourselves.
    bakeTime: wanted.bakeTime ?? (wanted.health === undefined ? 0 : healthSeconds(wanted.health)),
    health: wanted.health ?? null,
    alarms: wanted.alarms ?? [],
    scaleInProtected: wanted.scaleInProtected ?? "Wait",
    standby: wanted.standby ?? "Wait",
    autoRollback: wanted.autoRollback ?? true,
  };
}

/** How the group's capacity moves while `count` instances are replaced. */
export function planCapacity(desired: number, count: number, preferences: GroupPreferences): CapacityPlan {
  const { minHealthyPercentage, maxHealthyPercentage, checkpointPercentages } = preferences;
  const minimum = Math.ceil((minHealthyPercentage * desired) / 100);
  const ceiling =
    maxHealthyPercentage === null ? desired : Math.floor((maxHealthyPercentage * desired) / 100);
  const launchFirst = maxHealthyPercentage !== null && minimum >= desired;
  const highest = launchFirst ? Math.max(ceiling, desired + 1) : Math.max(ceiling, desired);
  const spare = desired - minimum;
  const lowest = launchFirst || count === 0 ? desired : spare > 0 ? minimum : Math.max(0, desired - 1);
  const atOnce = Math.min(count, Math.max(1, highest - lowest));
  const steps = count === 0 ? 0 : Math.max(Math.ceil(count / atOnce), checkpointPercentages.length);
  const waits = checkpointPercentages.filter((percent) => percent < 100).length;
  const seconds =
    count === 0
      ? 0
      : steps * preferences.instanceWarmup + waits * preferences.checkpointDelay + preferences.bakeTime;
  return {
    desired,
    lowest,
    highest: count === 0 ? desired : highest,
    atOnce,
    steps,
    minutes: Math.ceil(steps * launchMinutes + seconds / 60),
  };
}
