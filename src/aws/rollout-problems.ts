import type { FleetState, GroupState, ImageState } from "./fleet-status-types.ts";
import { activeRefreshOf } from "./fleet-status-types.ts";
import type { GroupPlan, PlanProblem } from "./rollout-plan-types.ts";
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

type Say = (message: string, hint?: string) => void;

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

/** AWS refuses to begin when an alarm is not OK; said now, not when the people who watch have said yes. */
function checkAlarms({ alarms }: FleetState, { region, preferences }: GroupPlan, block: Say): void {
  for (const { name, state, region: place } of alarms) {
    if (place !== region || state === "OK" || !preferences.alarms.includes(name)) continue;
    const what = state === "missing" ? `there is no alarm ${name}` : `alarm ${name} is ${state}`;
    block(
      `${what} in ${region}; AWS begins only when each alarm is OK`,
      "see why, or correct rollout.alarms",
    );
  }
}

/** A control plane that lacks a member already may lose its quorum when another one is taken out. */
function checkQuorum({ instances, desiredCapacity }: GroupState, plan: GroupPlan, block: Say): void {
  if (plan.role !== "control-plane" || desiredCapacity < 3) return;
  const healthy = instances.filter((one) => one.healthy && one.lifecycle === "InService");
  const old = healthy.filter(({ instanceId }) =>
    plan.instances.some((one) => one.instanceId === instanceId && one.action === "replace"),
  );
  const quorum = Math.floor(desiredCapacity / 2) + 1;
  if (old.length === 0 || healthy.length - 1 >= quorum) return;
  block(
    `${healthy.length} of ${desiredCapacity} control-plane nodes are healthy; taking one out leaves etcd no quorum (${quorum})`,
    "repair the control plane first: igneous status --group --nodes",
  );
}

/** In waves of our own, instances are in standby while their root is replaced, and the group wants fewer meanwhile. */
function checkOwnRoots(group: GroupState, { capacity }: GroupPlan, block: Say, warn: Say): void {
  const { minSize, desiredCapacity, name, region } = group;
  if (desiredCapacity - capacity.atOnce < minSize) {
    const least = Math.max(0, desiredCapacity - capacity.atOnce);
    block(
      `instances go into standby while their root is replaced, and the group may not be smaller than ${minSize}`,
      `let it: aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${name} --min-size ${least}`,
    );
  }
  warn(
    "root volumes are replaced in waves of our own, followed from here; instances keep the user data that they were launched with",
    "a mixed instances policy that names an AMI for every instance type lets AWS do it",
  );
}

function checkHooks({ hooks }: GroupState, warn: Say): void {
  for (const { name, at, timeoutSeconds, otherwise } of hooks) {
    const end = otherwise === "CONTINUE" ? "goes on" : at === "launching" ? "is given up" : "goes on at once";
    warn(`lifecycle hook ${name} holds each ${at} instance up to ${timeoutSeconds} s; unanswered, it ${end}`);
  }
}

function checkPace(group: GroupState, plan: GroupPlan, warn: Say): void {
  const { capacity, instances, preferences } = plan;
  const waiting = instances.filter(({ action }) => action === "wait").map(({ instanceId }) => instanceId);
  if (waiting.length > 0) {
    warn(
      `${waiting.join(", ")} protected from scale-in or in standby: AWS waits an hour for them, then fails`,
      "release them, or set rollout.scaleInProtected and rollout.standby",
    );
  }
  const replaced = instances.filter(({ action }) => action === "replace").length;
  if (replaced > 0 && capacity.lowest === 0) {
    warn(
      "for a time no instance is in service",
      "set rollout.maxHealthyPercentage above 100 to launch first",
    );
  }
  const minimum = Math.ceil((preferences.minHealthyPercentage * capacity.desired) / 100);
  if (replaced > 0 && capacity.lowest > 0 && capacity.lowest < minimum) {
    warn(
      `AWS takes at least one instance at a time: ${capacity.lowest} of ${capacity.desired} serve meanwhile, less than ${preferences.minHealthyPercentage} %`,
      "set rollout.maxHealthyPercentage above 100 to launch first",
    );
  }
  if (
    plan.role === "control-plane" &&
    capacity.desired > 1 &&
    capacity.lowest <= Math.floor(capacity.desired / 2)
  ) {
    warn(`${capacity.lowest} of ${capacity.desired} control-plane nodes keep no etcd quorum`);
  }
  if (capacity.highest > group.maxSize) {
    warn(`up to ${capacity.highest} instances run at once, above the group's maximum of ${group.maxSize}`);
  }
  const last = preferences.checkpointPercentages.at(-1);
  if (last !== undefined && last < 100)
    warn(`the last checkpoint is ${last} %: the rest keeps the old image`);
  const sick = group.instances.filter(({ healthy }) => !healthy).length;
  if (sick > 0) warn(`${sick} instances are unhealthy already`);
}
