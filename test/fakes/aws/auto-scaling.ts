import type {
  DeleteAutoScalingGroupCommandInput,
  DescribeAutoScalingGroupsCommandInput,
  DescribeLifecycleHooksCommandInput,
  DescribeScalingActivitiesCommandInput,
  UpdateAutoScalingGroupCommandInput,
} from "@aws-sdk/client-auto-scaling";
import type { FleetGroup } from "./fleet.ts";
import { findGroup } from "./fleet-groups.ts";
import { wake } from "./group-engine.ts";
import { activeRefresh } from "./refresh-state.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { Group, World } from "./world.ts";

export function autoScalingHandlers(world: World): Handlers {
  return {
    DescribeAutoScalingGroups: (input: DescribeAutoScalingGroupsCommandInput, call) =>
      groups(world, input, call),
    DescribeLifecycleHooks: (input: DescribeLifecycleHooksCommandInput, call) => hooks(world, input, call),
    DescribeLaunchConfigurations: () => ({ LaunchConfigurations: [] }),
    DescribeScalingActivities: (input: DescribeScalingActivitiesCommandInput, call) =>
      activities(world, input, call),
    UpdateAutoScalingGroup: (input: UpdateAutoScalingGroupCommandInput, call) => update(world, input, call),
    DeleteAutoScalingGroup: (input: DeleteAutoScalingGroupCommandInput, call) => remove(world, input, call),
  };
}

function groups(world: World, input: DescribeAutoScalingGroupsCommandInput, call: Call): object {
  const simple = world.groups.filter(({ region }) => region === call.region);
  const live = world.fleet.groups.filter(({ region, deleted }) => region === call.region && !deleted);
  const wanted = ({ name }: { readonly name: string }): boolean =>
    input.AutoScalingGroupNames === undefined || input.AutoScalingGroupNames.includes(name);
  const found = [
    ...simple.filter(wanted).map((group) => () => describeSimple(group, call.now)),
    ...live.filter(wanted).map((group) => () => describeLive(world, group)),
  ];
  const { items, nextToken } = page(found, input.NextToken, input.MaxRecords ?? 50);
  return {
    AutoScalingGroups: items.map((show) => show()),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function hooks(world: World, input: DescribeLifecycleHooksCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const { launching, terminating } = group.hooks;
  const hook = (transition: string, seconds: number | undefined): readonly object[] =>
    seconds === undefined
      ? []
      : [
          {
            LifecycleHookName: `on-${transition.toLowerCase()}`,
            AutoScalingGroupName: group.name,
            LifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}`,
            HeartbeatTimeout: seconds,
            GlobalTimeout: seconds * 100,
            DefaultResult: "CONTINUE",
          },
        ];
  return { LifecycleHooks: [...hook("LAUNCHING", launching), ...hook("TERMINATING", terminating)] };
}

/** A group that only stands for its use of images. */
function describeSimple(group: Group, now: number): object {
  return {
    AutoScalingGroupName: group.name,
    MinSize: 0,
    MaxSize: 10,
    DesiredCapacity: 0,
    DefaultCooldown: 300,
    AvailabilityZones: [`${group.region}a`],
    HealthCheckType: "EC2",
    CreatedTime: new Date(now),
    MixedInstancesPolicy: {
      LaunchTemplate: {
        LaunchTemplateSpecification: {
          LaunchTemplateId: group.launchTemplate.id,
          Version: group.launchTemplate.version,
        },
        Overrides: group.overrideImages.map((ImageId) => ({ InstanceType: "m7i.large", ImageId })),
      },
    },
  };
}

function describeLive(world: World, group: FleetGroup): object {
  const named = world.launchTemplates.find(({ id }) => id === group.template.id)?.name ?? "";
  const template = { LaunchTemplateId: group.template.id, LaunchTemplateName: named };
  const { mixed } = group;
  return {
    AutoScalingGroupName: group.name,
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: group.zones,
    HealthCheckType: group.targetGroups.length === 0 ? "EC2" : "ELB",
    HealthCheckGracePeriod: group.graceSeconds,
    CreatedTime: new Date(group.createdAt),
    TerminationPolicies: ["Default"],
    NewInstancesProtectedFromScaleIn: false,
    TargetGroupARNs: group.targetGroups,
    SuspendedProcesses: Array.from(group.suspended, (ProcessName) => ({ ProcessName })),
    Tags: Array.from(group.tags, ([Key, Value]) => ({ Key, Value })),
    ...(group.warmupSeconds === undefined ? {} : { DefaultInstanceWarmup: group.warmupSeconds }),
    ...(group.maintenance === undefined
      ? {}
      : {
          InstanceMaintenancePolicy: {
            MinHealthyPercentage: group.maintenance.min,
            MaxHealthyPercentage: group.maintenance.max,
          },
        }),
    ...(group.warmPool ? { WarmPoolConfiguration: { PoolState: "Stopped" }, WarmPoolSize: 1 } : {}),
    ...(mixed === undefined
      ? { LaunchTemplate: { ...template, Version: group.template.version } }
      : {
          MixedInstancesPolicy: {
            ...mixed,
            LaunchTemplate: {
              ...mixed.LaunchTemplate,
              LaunchTemplateSpecification: { ...template, Version: group.template.version },
            },
          },
        }),
    Instances: group.members
      .filter(({ lifecycle }) => lifecycle !== "Terminated")
      .map((member) => ({
        InstanceId: member.id,
        InstanceType: member.instanceType,
        AvailabilityZone: member.zone,
        LifecycleState: member.lifecycle,
        HealthStatus: member.health,
        ProtectedFromScaleIn: member.protected,
        LaunchTemplate: { ...template, Version: member.templateVersion },
        ...(mixed?.LaunchTemplate?.Overrides?.some(({ ImageId }) => ImageId !== undefined) === true
          ? { ImageId: member.imageId }
          : {}),
      })),
  };
}

function activities(world: World, input: DescribeScalingActivitiesCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const { items, nextToken } = page(group.activities, input.NextToken, input.MaxRecords ?? 100);
  return {
    Activities: items.map(({ id, at, description, cause, failure }) => ({
      ActivityId: id,
      AutoScalingGroupName: group.name,
      Description: description,
      Cause: `At ${new Date(at).toISOString()} ${cause}`,
      StartTime: new Date(at),
      StatusCode: failure === undefined ? "Successful" : "Failed",
      ...(failure === undefined ? {} : { StatusMessage: failure }),
      Progress: 100,
    })),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function update(world: World, input: UpdateAutoScalingGroupCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const version = input.LaunchTemplate?.Version ?? group.template.version;
  const id = input.LaunchTemplate?.LaunchTemplateId ?? group.template.id;
  const isChange = version !== group.template.version || id !== group.template.id;
  if (isChange && activeRefresh(group)?.desired !== undefined) {
    throw new AwsError(
      "ValidationError",
      "An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.",
    );
  }
  group.template = { id, version };
  group.min = input.MinSize ?? group.min;
  group.max = input.MaxSize ?? group.max;
  group.desired = input.DesiredCapacity ?? group.desired;
  if (group.desired < group.min || group.desired > group.max) {
    throw new AwsError("ValidationError", "Desired capacity must be between MinSize and MaxSize");
  }
  wake(world, group, call.clock);
  return {};
}

function remove(world: World, input: DeleteAutoScalingGroupCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  if (input.ForceDelete !== true && group.members.length > 0) {
    throw new AwsError(
      "ResourceInUse",
      "You cannot delete an AutoScalingGroup while there are instances still in the group.",
    );
  }
  group.deleted = true;
  for (const member of group.members) member.lifecycle = "Terminated";
  return {};
}
