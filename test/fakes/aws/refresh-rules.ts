import type { StartInstanceRefreshCommandInput } from "@aws-sdk/client-auto-scaling";
import { findTemplate, findVersion } from "./ec2-launch-templates.ts";
import type { FleetGroup } from "./fleet.ts";
import type { Preferences } from "./refresh-state.ts";
import { AwsError } from "./service.ts";
import type { World } from "./world.ts";

/** What AWS refuses of a refresh that is asked for, in its words. */

function invalid(message: string): AwsError {
  return new AwsError("ValidationError", message);
}

export function readPreferences(
  world: World,
  group: FleetGroup,
  { Preferences: given = {}, DesiredConfiguration: desired }: StartInstanceRefreshCommandInput,
): Preferences {
  const min = given.MinHealthyPercentage ?? group.maintenance?.min ?? 90;
  const max = given.MaxHealthyPercentage ?? group.maintenance?.max;
  if (given.MaxHealthyPercentage !== undefined && given.MinHealthyPercentage === undefined) {
    throw invalid("MinHealthyPercentage must be specified when MaxHealthyPercentage is specified.");
  }
  if (max !== undefined && max - min > 100) {
    throw invalid(
      "The difference between MaxHealthyPercentage and MinHealthyPercentage must be less than or equal to 100.",
    );
  }
  const checkpoints = given.CheckpointPercentages;
  if (checkpoints?.some((percent, index) => index > 0 && percent <= (checkpoints[index - 1] ?? 0))) {
    throw invalid("Checkpoint percentages must be sorted in ascending order with no duplicates.");
  }
  if (given.CheckpointDelay !== undefined && checkpoints === undefined) {
    throw invalid("If you specify a value for CheckpointDelay, you must also specify CheckpointPercentages.");
  }
  if (given.AutoRollback === true) checkReversible(world, group, desired !== undefined, invalid);
  const alarms = given.AlarmSpecification?.Alarms ?? [];
  for (const name of alarms) {
    const state = world.fleet.alarms.get(name) ?? "OK";
    if (state !== "OK") throw invalid(`The CloudWatch alarm ${name} is in the ${state} state.`);
  }
  return {
    min,
    max,
    warmup: given.InstanceWarmup ?? group.warmupSeconds ?? group.graceSeconds,
    checkpoints,
    checkpointDelay: given.CheckpointDelay ?? 3600,
    skipMatching: given.SkipMatching ?? false,
    autoRollback: given.AutoRollback ?? false,
    scaleInProtected: given.ScaleInProtectedInstances ?? "Wait",
    standby: given.StandbyInstances ?? "Wait",
    alarms,
    bakeTime: given.BakeTime ?? 0,
  };
}

/** What AWS says of preferences later: four always, the others when they were given. */
export function echo(
  { Preferences: given }: StartInstanceRefreshCommandInput,
  preferences: Preferences,
): object {
  return {
    ...given,
    MinHealthyPercentage: preferences.min,
    InstanceWarmup: preferences.warmup,
    SkipMatching: preferences.skipMatching,
    AutoRollback: preferences.autoRollback,
    AlarmSpecification: given?.AlarmSpecification ?? {},
  };
}

export function checkReversible(
  world: World,
  group: FleetGroup,
  hasDesired: boolean,
  refuse: (message: string) => AwsError,
): void {
  if (!hasDesired) {
    throw refuse(
      "The request isn’t valid. The AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty. Set AutoRollback to false or specify a desired configuration and try again.",
    );
  }
  // The wording for these two was not recorded (unverified); that they are refused is documented.
  if (!/^\d+$/u.test(group.template.version)) {
    throw refuse(
      `A launch template version of ${group.template.version} on the group cannot be rolled back to.`,
    );
  }
  const template = findTemplate(world, group.region, { LaunchTemplateId: group.template.id });
  if (findVersion(template, group.template.version).imageId.startsWith("resolve:ssm:")) {
    throw refuse(
      "A launch template that uses an SSM parameter instead of an AMI ID cannot be rolled back to.",
    );
  }
}

export function checkDesired(world: World, group: FleetGroup, input: StartInstanceRefreshCommandInput): void {
  const { LaunchTemplate, MixedInstancesPolicy } = input.DesiredConfiguration ?? {};
  const named = MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? LaunchTemplate;
  if (named === undefined) throw invalid("A launch template must be specified in the desired configuration.");
  findVersion(findTemplate(world, group.region, named), named.Version ?? "$Default");
  const overrides = group.mixed?.LaunchTemplate?.Overrides ?? [];
  if (overrides.some(({ InstanceRequirements }) => InstanceRequirements !== undefined)) {
    throw invalid("A desired configuration is not supported for groups with instance requirements.");
  }
}

export function checkRootVolume(group: FleetGroup, input: StartInstanceRefreshCommandInput): void {
  const desired = input.DesiredConfiguration;
  if (desired === undefined) {
    throw invalid(
      "The request isn't valid. The DesiredConfiguration parameter must be specified when using ReplaceRootVolume. Add the DesiredConfiguration parameter and try again.",
    );
  }
  // Wordings below are unverified; the rules are documented.
  const overrides = desired.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  if (group.mixed === undefined || overrides.length === 0) {
    throw invalid("ReplaceRootVolume requires a mixed instances policy.");
  }
  if (overrides.some(({ ImageId }) => ImageId === undefined)) {
    throw invalid("ReplaceRootVolume requires an ImageId in every override.");
  }
  const version = desired.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification?.Version;
  if (![version, group.template.version].every((each) => each !== undefined && /^\d+$/u.test(each))) {
    throw invalid("ReplaceRootVolume requires a numbered launch template version.");
  }
  if (group.warmPool) throw invalid("ReplaceRootVolume is not supported for groups with a warm pool.");
  const types = new Set(overrides.map(({ InstanceType }) => InstanceType));
  if (group.members.some(({ instanceType }) => !types.has(instanceType))) {
    throw invalid("ReplaceRootVolume requires all instance types of the group in the overrides.");
  }
}
