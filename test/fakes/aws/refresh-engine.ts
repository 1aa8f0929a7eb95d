import type { VirtualClock } from "./clock.ts";
import type { FleetGroup, Member } from "./fleet.ts";
import {
  age,
  type Config,
  configOf,
  isActive,
  isChecked,
  keepCapacity,
  launch,
  matches,
  replaceRoot,
  terminate,
} from "./instance-life.ts";
import { fail, finish, succeed } from "./refresh-end.ts";
import { activeStatuses, type Refresh } from "./refresh-state.ts";
import { alarmed, alarmText, hasGaps, measure, waitText } from "./refresh-words.ts";
import { AwsError } from "./service.ts";
import type { World } from "./world.ts";

/** AWS was seen to look at a refresh about every five seconds, and to leave it Pending for five to ten. */
const stepMs = 5000;
const pendingMs = 8000;
const cancelMs = 5000;
const stallMs = 3_600_000;
const relaunchMs = 60_000;

/** Starts moving a group through time; ends by itself when nothing is under way any more. */
export function wake(world: World, group: FleetGroup, clock: VirtualClock): void {
  if (group.ticking) return;
  group.ticking = true;
  const tick = (): void => {
    group.ticking = !group.deleted && step(world, group, clock.now());
    if (group.ticking) clock.at(clock.now() + stepMs, tick);
  };
  clock.at(clock.now() + stepMs, tick);
}

export function activeRefresh(group: FleetGroup): Refresh | undefined {
  return group.refreshes.find(({ status }) => activeStatuses.includes(status));
}

/** One look at a group. Tells whether there is more to come. */
function step(world: World, group: FleetGroup, now: number): boolean {
  age(world, group, now);
  const refresh = activeRefresh(group);
  if (refresh === undefined) keepCapacity(world, group, now);
  else stepRefresh(world, group, refresh, now);
  const settled = group.members.every(({ lifecycle }) => /^(InService|Standby|Terminated)$/u.test(lifecycle));
  const count = group.members.filter(({ lifecycle }) => lifecycle === "InService").length;
  return activeRefresh(group) !== undefined || !settled || count !== group.desired;
}

function stepRefresh(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
  switch (refresh.status) {
    case "Pending":
      if (now < refresh.requestedAt + pendingMs) return;
      begin(world, group, refresh, now);
      return;
    case "Cancelling":
      if (isCalm(group) || (!refresh.waitForTransitions && now >= refresh.progressAt + cancelMs)) {
        finish(refresh, "Cancelled", now);
      }
      return;
    case "Baking": {
      if (alarmed(world, refresh)) fail(group, refresh, now, alarmText(world, refresh));
      else if (refresh.bakeUntil !== undefined && now >= refresh.bakeUntil)
        succeed(world, group, refresh, now);
      else
        refresh.reason = `Waiting for bake time to finish before continuing. There are ${Math.ceil(((refresh.bakeUntil ?? now) - now) / 1000)} seconds left.`;
      return;
    }
    default:
      replace(world, group, refresh, now);
  }
}

function begin(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
  refresh.status = "InProgress";
  refresh.startedAt = now;
  refresh.progressAt = now;
  const config = configOf(world, group, refresh.desired);
  if (refresh.preferences.skipMatching) {
    for (const member of group.members) if (matches(member, config)) refresh.kept.add(member.id);
  }
  refresh.toUpdate = goalOf(group, refresh);
  if (refresh.toUpdate === 0) succeed(world, group, refresh, now);
  else replace(world, group, refresh, now);
}

/** Instances that the refresh leaves alone because it was asked to. */
function isIgnored(member: Member, refresh: Refresh): boolean {
  const { scaleInProtected, standby } = refresh.preferences;
  return (
    (member.protected && scaleInProtected === "Ignore") ||
    (member.lifecycle === "Standby" && standby === "Ignore")
  );
}

function isBlocked(member: Member, refresh: Refresh): boolean {
  const { scaleInProtected, standby } = refresh.preferences;
  return (
    (member.protected && scaleInProtected === "Wait") ||
    (member.lifecycle === "Standby" && standby === "Wait")
  );
}

/** How many instances of the target configuration the refresh has to come to. */
function goalOf(group: FleetGroup, refresh: Refresh): number {
  const stay = group.members.filter(
    (member) =>
      isActive(member) &&
      !refresh.launched.has(member.id) &&
      (refresh.kept.has(member.id) || isIgnored(member, refresh)),
  );
  const goal = Math.max(0, group.desired - stay.length);
  const last = refresh.rollback === undefined ? refresh.preferences.checkpoints?.at(-1) : undefined;
  return last === undefined ? goal : Math.min(goal, Math.ceil((last * group.desired) / 100));
}

function replace(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
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

/** Most instances that may run: when none may be missing, one more than desired. */
function mostOf(group: FleetGroup, { min, max }: Refresh["preferences"]): number {
  if (max === undefined) return group.desired;
  const launchFirst = Math.ceil((min * group.desired) / 100) >= group.desired;
  return Math.max(Math.floor((max * group.desired) / 100), launchFirst ? group.desired + 1 : group.desired);
}

function targetOf(world: World, group: FleetGroup, refresh: Refresh): Config | undefined {
  try {
    return configOf(world, group, refresh.rollback === undefined ? refresh.desired : undefined);
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

/** Ends what has not come further for an hour. */
function stall(group: FleetGroup, refresh: Refresh, now: number, reason?: string): void {
  if (reason !== undefined) refresh.reason = reason;
  if (now - refresh.progressAt < stallMs) return;
  fail(group, refresh, now, refresh.reason ?? "No progress for one hour.");
}

function reachedLimit(
  world: World,
  group: FleetGroup,
  refresh: Refresh,
  now: number,
  last: boolean,
  ready: number,
): void {
  if (last && refresh.rollback !== undefined) {
    refresh.percent = 0;
    refresh.reason = undefined;
    finish(refresh, "RollbackSuccessful", now);
    return;
  }
  if (last) {
    if (refresh.preferences.bakeTime === 0) succeed(world, group, refresh, now);
    else {
      refresh.status = "Baking";
      refresh.bakeUntil = now + refresh.preferences.bakeTime * 1000;
      refresh.reason = `Waiting for bake time to finish before continuing. There are ${refresh.preferences.bakeTime} seconds left.`;
    }
    return;
  }
  refresh.checkpointAt ??= now;
  refresh.progressAt = now;
  const until = refresh.checkpointAt + refresh.preferences.checkpointDelay * 1000;
  refresh.reason = `Waiting for checkpoint delay to finish before continuing. There are ${Math.ceil((until - now) / 1000)} seconds left.`;
  if (now < until) return;
  refresh.checkpointAt = undefined;
  const share = (100 * ready) / Math.max(1, group.desired);
  refresh.checkpoint = refresh.preferences.checkpoints?.find((percent) => percent > share) ?? 100;
}

function isCalm(group: FleetGroup): boolean {
  return group.members.every(({ lifecycle }) => /^(InService|Standby|Terminated)$/u.test(lifecycle));
}
