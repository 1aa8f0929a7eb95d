import type { FleetGroup } from "./fleet.ts";
import { configOf, matches } from "./instance-config.ts";
import { fail, finish, succeed } from "./refresh-end.ts";
import { goalOf } from "./refresh-goal.ts";
import { replace } from "./refresh-replacement.ts";
import type { Refresh } from "./refresh-state.ts";
import { alarmed, alarmText } from "./refresh-words.ts";
import type { World } from "./world.ts";

/** AWS was seen to leave a refresh Pending for five to ten seconds. */
const pendingMs = 8000;
const cancelMs = 5000;

/** One look at a refresh that is under way. */
export function stepRefresh(world: World, group: FleetGroup, refresh: Refresh, now: number): void {
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

/** Whether no instance of the group is coming or going. */
export function isCalm(group: FleetGroup): boolean {
  return group.members.every(({ lifecycle }) => /^(InService|Standby|Terminated)$/u.test(lifecycle));
}
