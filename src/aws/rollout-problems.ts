import { type FleetState, type GroupState, type ImageState, activeRefreshOf } from "./fleet-status-types.ts";
import type { GroupPlan, PlanProblem } from "./rollout-plan-types.ts";
import {
  type Say,
  checkAlarms,
  checkHooks,
  checkOwnRoots,
  checkPace,
  checkQuorum,
} from "./rollout-problems-service.ts";
import { rollsOwnRoots } from "./rollout-root-waves.ts";
import type { RolloutStrategy } from "./rollout-types.ts";

interface Problems {
  readonly blockers: PlanProblem[];
  readonly cautions: PlanProblem[];
}

/** Everything about a group that stops a rollout, or that the people who confirm it should know. */
export function groupProblems(
  state: FleetState,
  group: GroupState,
  plan: GroupPlan,
  strategy: RolloutStrategy,
): Problems {
  const blockers: PlanProblem[] = [];
  const cautions: PlanProblem[] = [];
  const block = (message: string, hint?: string): void =>
    void blockers.push({ group: group.name, message, ...(hint === undefined ? {} : { hint }) });
  const warn = (message: string, hint?: string): void =>
    void cautions.push({ group: group.name, message, ...(hint === undefined ? {} : { hint }) });
  const image = state.images.find(({ imageId, region }) => imageId === plan.amiId && region === group.region);
  const refresh = activeRefreshOf(group);
  if (refresh !== undefined) {
    warn(
      `instance refresh ${refresh.id} is ${refresh.status}; it is followed when it brings the same, else refused`,
    );
  }
  checkImage(group, plan, image, block);
  checkTemplate(group, plan, block);
  checkMixed(group, plan, image, strategy, block, warn);
  const paused = group.suspended.filter((name) => name === "Launch" || name === "Terminate");
  if (paused.length > 0) {
    block(
      `${paused.join(" and ")} of the group are suspended; a refresh would stand still and fail after an hour`,
      `resume them: aws autoscaling resume-processes --auto-scaling-group-name ${group.name} --region ${group.region}`,
    );
  }
  checkPace(group, plan, warn);
  checkAlarms(state, plan, block);
  checkQuorum(group, plan, block);
  if (rollsOwnRoots(group, strategy)) checkOwnRoots(group, plan, block, warn);
  checkHooks(group, warn);
  return { blockers, cautions };
}

function checkImage(group: GroupState, plan: GroupPlan, image: ImageState | undefined, block: Say): void {
  if (image === undefined) {
    block(
      `AMI ${plan.amiId} is not in ${group.region}, or not shared with this account`,
      "publish the build to the region: igneous publish",
    );
  } else if (image.state !== "available") {
    block(`AMI ${plan.amiId} is ${image.state}`, "wait until it is available, or publish the build again");
  }
  const disk = group.template?.data.BlockDeviceMappings?.find(
    ({ DeviceName }) => DeviceName !== undefined && DeviceName === image?.rootDevice,
  );
  if (disk?.Ebs?.SnapshotId !== undefined) {
    block(
      `the launch template gives the root device ${disk.DeviceName} the snapshot ${disk.Ebs.SnapshotId}, which would hide the new image`,
      "remove the snapshot from the template's block device mappings",
    );
  }
  const size = disk?.Ebs?.VolumeSize;
  if (size !== undefined && image?.rootGiB !== undefined && size < image.rootGiB) {
    block(
      `the launch template's root volume is ${size} GiB and the image's is ${image.rootGiB} GiB`,
      `give ${disk?.DeviceName} at least ${image.rootGiB} GiB in the template`,
    );
  }
}

function checkTemplate({ template, name, region }: GroupState, plan: GroupPlan, block: Say): void {
  if (template === undefined) {
    block(
      "the group uses a launch configuration; an instance refresh needs a launch template",
      "make a launch template from the launch configuration and give it to the group",
    );
    return;
  }
  if (!/^\d+$/u.test(template.pinned)) {
    block(
      `the group follows ${template.pinned} of ${template.name}, so AWS could not roll back and anybody's new version would be launched`,
      `pin the version that runs: aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${name} --launch-template LaunchTemplateId=${template.id},Version=${template.version}`,
    );
  }
  if (!plan.wayBack.possible && plan.preferences.autoRollback) {
    block(
      `there is no way back: ${plan.wayBack.why}`,
      "publish the previous build again, or go without a way back: set rollout.autoRollback to false",
    );
  }
}

function checkMixed(
  { mixed, hasLoadBalancer, hasWarmPool, instances }: GroupState,
  { preferences }: GroupPlan,
  image: ImageState | undefined,
  strategy: RolloutStrategy,
  block: Say,
  warn: Say,
): void {
  const overrides = mixed?.overrides ?? [];
  if (overrides.some(({ hasRequirements }) => hasRequirements)) {
    block(
      "the group chooses instance types by requirements, with which AWS refuses a desired configuration",
      "name the instance types in the mixed instances policy",
    );
  }
  if (overrides.some(({ hasOwnTemplate }) => hasOwnTemplate)) {
    block("an override of the mixed instances policy has a launch template of its own", "use one template");
  }
  if (strategy === "replace-root" && preferences.minHealthyPercentage >= 100) {
    block(
      "a root volume cannot be replaced without one instance less: at least 100 % healthy is not possible",
      "lower rollout.minHealthyPercentage",
    );
  }
  if (strategy === "replace-root" && (image?.volumes ?? 1) > 1) {
    block("the AMI has more than its root volume", "use --strategy replace");
  }
  if (rollsOwnRoots({ mixed }, strategy)) return;
  if (strategy === "replace-root") {
    if (overrides.length === 0 || overrides.some(({ imageId }) => imageId === undefined)) {
      block(
        "AWS replaces root volumes only in a group whose mixed instances policy names an AMI for every instance type",
        "give the group such a policy with the AMI that runs now, or use --strategy replace",
      );
    }
    const types = new Set(overrides.map(({ instanceType }) => instanceType));
    const foreign = instances.filter(({ instanceType }) => !types.has(instanceType));
    if (overrides.length > 0 && foreign.length > 0) {
      block(`${foreign[0]?.instanceId} is a ${foreign[0]?.instanceType}, which the policy does not name`);
    }
    if (hasWarmPool)
      block("AWS replaces no root volumes in a group with a warm pool", "use --strategy replace");
    if (hasLoadBalancer) {
      warn(
        "AWS's documents disagree whether root volumes may be replaced behind a load balancer; try one group first",
      );
    }
  }
}
