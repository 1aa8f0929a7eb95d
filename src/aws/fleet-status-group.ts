import type { AutoScalingGroup, LaunchTemplateSpecification } from "@aws-sdk/client-auto-scaling";
import type {
  GroupState,
  GroupTemplate,
  HookState,
  InstanceState,
  MixedState,
  RefreshState,
} from "./fleet-status-types.ts";

/** The launch template that a group names, by itself or in its mixed instances policy. */
export function templateOf(group: AutoScalingGroup): LaunchTemplateSpecification | undefined {
  return (
    group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ??
    group.LaunchTemplate ??
    undefined
  );
}

/** A group as AWS describes it, in our words. */
export function groupState(
  region: string,
  group: AutoScalingGroup,
  instances: readonly InstanceState[],
  refreshes: readonly RefreshState[],
  template: GroupTemplate | undefined,
  hooks: readonly HookState[] = [],
): GroupState {
  const maintenance = group.InstanceMaintenancePolicy;
  const mixed = mixedState(group);
  const named = templateOf(group);
  return {
    name: group.AutoScalingGroupName ?? "",
    region,
    minSize: group.MinSize ?? 0,
    maxSize: group.MaxSize ?? 0,
    desiredCapacity: group.DesiredCapacity ?? 0,
    healthCheckType: group.HealthCheckType ?? "EC2",
    healthCheckGraceSeconds: group.HealthCheckGracePeriod ?? 0,
    suspended: (group.SuspendedProcesses ?? []).flatMap(({ ProcessName }) => ProcessName ?? []),
    hooks,
    hasWarmPool: group.WarmPoolConfiguration !== undefined,
    hasLoadBalancer: [group.LoadBalancerNames, group.TargetGroupARNs, group.TrafficSources].some(
      (list) => (list ?? []).length > 0,
    ),
    ...(group.DefaultInstanceWarmup === undefined ? {} : { warmupSeconds: group.DefaultInstanceWarmup }),
    ...(maintenance?.MinHealthyPercentage === undefined || maintenance.MaxHealthyPercentage === undefined
      ? {}
      : { maintenance: { min: maintenance.MinHealthyPercentage, max: maintenance.MaxHealthyPercentage } }),
    ...(named === undefined ? {} : { pinned: named.Version ?? "$Default" }),
    ...(template === undefined ? {} : { template }),
    ...(mixed === undefined ? {} : { mixed }),
    instances,
    refreshes,
  };
}

function mixedState(group: AutoScalingGroup): MixedState | undefined {
  const policy = group.MixedInstancesPolicy;
  if (policy === undefined) return undefined;
  return {
    policy: { ...policy },
    overrides: (policy.LaunchTemplate?.Overrides ?? []).map((override) => ({
      ...(override.InstanceType === undefined ? {} : { instanceType: override.InstanceType }),
      ...(override.ImageId === undefined ? {} : { imageId: override.ImageId }),
      hasRequirements: override.InstanceRequirements !== undefined,
      hasOwnTemplate: override.LaunchTemplateSpecification !== undefined,
    })),
  };
}
