import type { FleetGroup } from "./fleet.ts";
import { configOf } from "./instance-config.ts";
import { isActive } from "./instance-life.ts";
import type { Refresh } from "./refresh-state.ts";
import type { World } from "./world.ts";

/** How a refresh ends, goes on after a checkpoint, or turns around. */

const stallMs = 3_600_000;

export function succeed(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
  const mixed = refresh.desired?.MixedInstancesPolicy;
  if (refresh.desired !== undefined) {
    const config = configOf(world, group, refresh.desired);
    const asked = mixed?.LaunchTemplate?.LaunchTemplateSpecification ?? refresh.desired.LaunchTemplate;
    group.template = { id: config.templateId, version: asked?.Version ?? "$Default" };
    if (mixed !== undefined) group.mixed = mixed;
  }
  refresh.percent = 100;
  refresh.toUpdate = 0;
  refresh.reason = undefined;
  finish(refresh, "Successful", now);
}

export function fail(group: FleetGroup, refresh: Refresh, now: number, reason: string): void {
  if (refresh.rollback !== undefined) {
    refresh.reason = reason;
    finish(refresh, "RollbackFailed", now);
  } else if (refresh.preferences.autoRollback) {
    startRollback(group, refresh, now, reason);
  } else {
    refresh.reason = reason;
    finish(refresh, "Failed", now);
  }
}

/** Ends what has not come further for an hour. */
export function stall(group: FleetGroup, refresh: Refresh, now: number, reason?: string): void {
  if (reason !== undefined) refresh.reason = reason;
  if (now - refresh.progressAt < stallMs) return;
  fail(group, refresh, now, refresh.reason ?? "No progress for one hour.");
}

export function finish(refresh: Refresh, status: Refresh["status"], now: number): void {
  refresh.status = status;
  refresh.endedAt = now;
}

/** Turns a refresh around: what it replaced is replaced again, by the configuration that the group still has. */
export function startRollback(group: FleetGroup, refresh: Refresh, now: number, reason: string): void {
  refresh.rollback = { reason, at: now, percent: refresh.percent, toUpdate: refresh.toUpdate };
  refresh.status = "RollbackInProgress";
  refresh.reason = reason;
  refresh.progressAt = now;
  refresh.readyBefore = 0;
  refresh.bakeUntil = undefined;
  refresh.nextLaunchAt = now;
  for (const member of group.members) {
    if (isActive(member) && !refresh.launched.has(member.id)) refresh.kept.add(member.id);
    else refresh.kept.delete(member.id);
  }
  refresh.launched.clear();
}

export function startCancel(refresh: Refresh, wait: boolean, now: number): void {
  refresh.status = "Cancelling";
  refresh.waitForTransitions = wait;
  refresh.progressAt = now;
  refresh.reason = wait
    ? "Cancelled due to user request."
    : "Cancelled without waiting for ongoing instance launches and terminations due to user request.";
}

/** What follows when as many instances are new as were wanted so far: the next share, the bake time, or the end. */
export function reachedLimit(
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
