import type { FleetGroup, Member } from "./fleet.ts";
import { type Config, configOf } from "./instance-config.ts";
import { launch } from "./instance-launch.ts";
import { isActive, isChecked, replaceRoot, terminate } from "./instance-life.ts";
import { fail, reachedLimit, stall } from "./refresh-end.ts";
import { goalOf, isBlocked, isIgnored, mostOf } from "./refresh-goal.ts";
import type { Refresh } from "./refresh-state.ts";
import { alarmed, alarmText, hasGaps, measure, relaunchMs, waitText } from "./refresh-words.ts";
import { AwsError } from "./service.ts";
import type { World } from "./world.ts";

/** Takes old instances out and brings new ones in, as far as the preferences and the checkpoint let it. */
export function replace(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
  const { preferences } = refresh;
  if (alarmed(world, refresh) && refresh.rollback === undefined) {
    fail(group, refresh, now, alarmText(world, refresh));
    return;
  }
  const text = "an instance was taken out of service in response to an instance refresh.";
  for (const member of group.members) {
    if (isActive(member) && member.health === "Unhealthy")
      terminate(
        group,
        member,
        world,
        now,
        "an instance was taken out of service in response to a failed health check.",
      );
  }
  const active = group.members.filter(isActive);
  const fresh = active.filter(({ id }) => refresh.launched.has(id));
  const warmupMs = preferences.warmup * 1000;
  const ready = (member: Member): boolean =>
    refresh.launched.has(member.id)
      ? isChecked(world, member, now, warmupMs)
      : member.lifecycle === "InService" && member.health === "Healthy";
  const old = active.filter(
    (member) =>
      !refresh.launched.has(member.id) && !refresh.kept.has(member.id) && !isIgnored(member, refresh),
  );
  const free = old.filter((member) => !isBlocked(member, refresh));
  const goal = goalOf(group, refresh);
  const limit =
    refresh.rollback === undefined
      ? Math.min(goal, Math.ceil((refresh.checkpoint * group.desired) / 100))
      : goal;
  const freshReady = fresh.filter(ready);
  const kept = active.length - old.length - fresh.length;
  const oldTarget = Math.max(0, group.desired - kept - limit);
  const whole = Math.min(freshReady.length, goal - (old.length - Math.max(0, group.desired - kept - goal)));
  measure(world, refresh, goal, fresh, Math.max(0, whole), now);

  // The group was scaled in meanwhile.
  const inGroup = active.filter(({ lifecycle }) => lifecycle !== "Standby");
  const most = mostOf(group, preferences);
  for (const member of [...old, ...fresh].slice(0, Math.max(0, inGroup.length - most))) {
    terminate(
      group,
      member,
      world,
      now,
      "an instance was taken out of service because the group was scaled in.",
    );
  }
  const done = freshReady.length >= limit && old.length <= oldTarget;
  if (freshReady.length > refresh.readyBefore) refresh.progressAt = now;
  refresh.readyBefore = freshReady.length;
  if (done) {
    const going = group.members.find(({ lifecycle }) => lifecycle.startsWith("Terminating"));
    if (going !== undefined) {
      refresh.reason = `Waiting for terminating instances before continuing. For example: ${going.id} is terminating.`;
      return;
    }
    reachedLimit(world, group, refresh, now, limit >= goal, freshReady.length);
    return;
  }
  if (hasGaps(world, refresh)) {
    refresh.reason = "Waiting for the alarms' data before continuing.";
    stall(group, refresh, now);
    return;
  }
  const minimum = Math.ceil((preferences.min * group.desired) / 100);
  const readyCount = active.filter(ready).length;
  let spare = readyCount - minimum;
  const calm = active.every((member) => member.lifecycle === "Standby" || ready(member));
  if (spare <= 0 && preferences.max === undefined && calm && readyCount >= group.desired) spare = 1;
  const inPlace = refresh.strategy === "ReplaceRootVolume";
  const config = targetOf(world, group, refresh);
  if (config === undefined) {
    stall(group, refresh, now, "The launch template or its version could not be found.");
    return;
  }
  const weak = free.filter((member) => !ready(member));
  const retire = Math.min(weak.length + Math.max(0, spare), old.length - oldTarget);
  const order = [...weak, ...free.filter(ready)];
  for (const member of group.suspended.has("Terminate") ? [] : order.slice(0, Math.max(0, retire))) {
    if (inPlace) {
      replaceRoot(member, config, now);
      refresh.launched.add(member.id);
    } else {
      terminate(group, member, world, now, text);
    }
  }
  const activeNow = group.members.filter(
    (member) => isActive(member) && member.lifecycle !== "Standby",
  ).length;
  const freshNow = group.members.filter(
    (member) => isActive(member) && refresh.launched.has(member.id),
  ).length;
  const launches = Math.min(limit - freshNow, most - activeNow);
  if (
    !group.suspended.has("Launch") &&
    now >= refresh.nextLaunchAt &&
    (!inPlace || activeNow < group.desired)
  ) {
    for (let count = 0; count < launches; count++) {
      const member = launch(
        world,
        group,
        config,
        now,
        "an instance was launched in response to an instance refresh.",
      );
      if (member === undefined) {
        refresh.nextLaunchAt = now + relaunchMs;
        break;
      }
      refresh.launched.add(member.id);
    }
  }
  stall(group, refresh, now, waitText(world, group, refresh, { fresh, old, free, ready }, now));
}

function targetOf(world: World, group: FleetGroup, refresh: Refresh): Config | undefined {
  try {
    return configOf(world, group, refresh.rollback === undefined ? refresh.desired : undefined);
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}
