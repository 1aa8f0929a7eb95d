import type {
  DesiredConfiguration,
  MixedInstancesPolicy,
  RefreshPreferences,
  StartInstanceRefreshCommandInput,
} from "@aws-sdk/client-auto-scaling";
import type { GroupState } from "./fleet-status-types.ts";
import type { GroupPlan, GroupPreferences } from "./rollout-plan-types.ts";
import type { RolloutStrategy } from "./rollout-types.ts";

/** The call that rolls a group to a launch template version, as a plain value. */
export function refreshInput(
  group: GroupState,
  plan: GroupPlan,
  version: number,
  strategy: RolloutStrategy,
): StartInstanceRefreshCommandInput {
  return {
    AutoScalingGroupName: group.name,
    Strategy: strategy === "replace-root" ? "ReplaceRootVolume" : "Rolling",
    DesiredConfiguration: desired(group, plan, version, strategy),
    Preferences: refreshPreferences(plan.preferences),
  };
}

function desired(
  { mixed }: GroupState,
  { template, amiId }: GroupPlan,
  version: number,
  strategy: RolloutStrategy,
): DesiredConfiguration {
  const named = { LaunchTemplateId: template.id, Version: String(version) };
  if (mixed === undefined) return { LaunchTemplate: named };
  const policy: MixedInstancesPolicy = mixed.policy;
  // An AMI of an override wins over the template's, so it must move too.
  const overrides = (policy.LaunchTemplate?.Overrides ?? []).map((override) =>
    override.ImageId === undefined && strategy !== "replace-root"
      ? override
      : { ...override, ImageId: amiId },
  );
  return {
    MixedInstancesPolicy: {
      ...policy,
      LaunchTemplate: { LaunchTemplateSpecification: named, Overrides: overrides },
    },
  };
}

function refreshPreferences(preferences: GroupPreferences): RefreshPreferences {
  const { maxHealthyPercentage, checkpointPercentages, alarms } = preferences;
  return {
    MinHealthyPercentage: preferences.minHealthyPercentage,
    ...(maxHealthyPercentage === null ? {} : { MaxHealthyPercentage: maxHealthyPercentage }),
    InstanceWarmup: preferences.instanceWarmup,
    ...(checkpointPercentages.length === 0
      ? {}
      : {
          CheckpointPercentages: [...checkpointPercentages],
          CheckpointDelay: preferences.checkpointDelay,
        }),
    SkipMatching: true,
    AutoRollback: preferences.autoRollback,
    ScaleInProtectedInstances: preferences.scaleInProtected,
    StandbyInstances: preferences.standby,
    ...(alarms.length === 0 ? {} : { AlarmSpecification: { Alarms: [...alarms] } }),
    BakeTime: preferences.bakeTime,
  };
}
