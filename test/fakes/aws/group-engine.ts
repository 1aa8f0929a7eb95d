import type { VirtualClock } from "./clock.ts";
import type { FleetGroup } from "./fleet.ts";
import { configOf } from "./instance-config.ts";
import { launch } from "./instance-launch.ts";
import { age, isActive, terminate } from "./instance-life.ts";
import { isCalm, stepRefresh } from "./refresh-engine.ts";
import { activeRefresh } from "./refresh-state.ts";
import { AwsError } from "./service.ts";
import type { World } from "./world.ts";

/** AWS was seen to look at a group about every five seconds. */
const stepMs = 5000;

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

/** One look at a group. Tells whether there is more to come. */
function step(world: World, group: FleetGroup, now: number): boolean {
  age(world, group, now);
  const refresh = activeRefresh(group);
  if (refresh === undefined) keepCapacity(world, group, now);
  else stepRefresh(world, group, refresh, now);
  const count = group.members.filter(({ lifecycle }) => lifecycle === "InService").length;
  return activeRefresh(group) !== undefined || !isCalm(group) || count !== group.desired;
}

/** Keeps the group as its own settings want it while no refresh is under way. */
function keepCapacity(world: World, group: FleetGroup, now: number): void {
  const cause = "an instance was changed in response to a difference between desired and actual capacity.";
  for (const member of group.members) {
    if (isActive(member) && member.health === "Unhealthy") terminate(group, member, world, now, cause);
  }
  const active = group.members.filter(isActive);
  const inGroup = active.filter(({ lifecycle }) => lifecycle !== "Standby");
  for (const member of inGroup.slice(0, Math.max(0, inGroup.length - group.desired))) {
    terminate(group, member, world, now, cause);
  }
  try {
    const config = configOf(world, group);
    for (let count = inGroup.length; count < group.desired; count++) {
      if (launch(world, group, config, now, cause) === undefined) break;
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}
