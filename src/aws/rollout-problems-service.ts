import type { FleetState, GroupState } from "./fleet-status-types.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";

/** Takes a problem and what to do about it. */
export type Say = (message: string, hint?: string) => void;

/** AWS refuses to begin when an alarm is not OK; said now, not when the people who watch have said yes. */
export function checkAlarms({ alarms }: FleetState, { region, preferences }: GroupPlan, block: Say): void {
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
export function checkQuorum({ instances, desiredCapacity }: GroupState, plan: GroupPlan, block: Say): void {
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
export function checkOwnRoots(group: GroupState, { capacity }: GroupPlan, block: Say, warn: Say): void {
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

/** Each hook that holds instances. */
export function checkHooks({ hooks }: GroupState, warn: Say): void {
  for (const { name, at, timeoutSeconds, otherwise } of hooks) {
    const end = otherwise === "CONTINUE" ? "goes on" : at === "launching" ? "is given up" : "goes on at once";
    warn(`lifecycle hook ${name} holds each ${at} instance up to ${timeoutSeconds} s; unanswered, it ${end}`);
  }
}

/** How the roll will go: what waits, and how many serve meanwhile. */
export function checkPace(group: GroupState, plan: GroupPlan, warn: Say): void {
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
