import type { FleetGroup, Member } from "./fleet.ts";
import { isChecked } from "./instance-life.ts";
import type { Refresh } from "./refresh-state.ts";
import type { World } from "./world.ts";

/** What a refresh says of itself: how far it is, and what it waits for. */

/** How long it leaves a launch that failed. */
export const relaunchMs = 60_000;

/** A recording of a group of one went 0, 25 (in service), 50 (checks passed), 100 (the old one is leaving). */
export function measure(
  world: World,
  refresh: Refresh,
  goal: number,
  fresh: readonly Member[],
  whole: number,
  now: number,
): void {
  const parts = fresh
    .map((member) => (member.lifecycle !== "InService" ? 0 : isChecked(world, member, now) ? 0.5 : 0.25))
    .sort((a, b) => b - a)
    .slice(whole)
    .reduce((sum: number, part) => sum + part, 0);
  if (refresh.rollback === undefined) {
    refresh.percent = goal === 0 ? 100 : Math.floor((100 * (whole + parts)) / goal);
    refresh.toUpdate = goal - whole;
  } else {
    const left = goal === 0 ? 0 : 1 - whole / goal;
    refresh.percent = Math.floor(refresh.rollback.percent * left);
    refresh.toUpdate = refresh.rollback.toUpdate + whole;
  }
}

interface Sorted {
  readonly fresh: readonly Member[];
  readonly old: readonly Member[];
  readonly free: readonly Member[];
  readonly ready: (member: Member) => boolean;
}

export function waitText(
  world: World,
  group: FleetGroup,
  refresh: Refresh,
  { fresh, old, free, ready }: Sorted,
  now: number,
): string {
  const waiting = "Waiting for remaining instances to be available. For example:";
  const unready = fresh.find((member) => !ready(member));
  const warming = fresh.find((member) => !ready(member) && isChecked(world, member, now));
  const failed = group.activities.find(({ failure }) => failure !== undefined);
  if (warming !== undefined) {
    refresh.progressAt = now;
    return `Waiting for instances to warm up before continuing. For example: ${warming.id} is warming up.`;
  }
  if (unready !== undefined)
    return `${waiting} ${unready.id} has insufficient data to evaluate its health with Amazon EC2.`;
  const blocked = old.find((member) => !free.includes(member));
  if (free.length === 0 && blocked !== undefined) {
    return blocked.protected
      ? `${waiting} ${blocked.id} is protected. Remove instance scale-in protection to continue.`
      : `${waiting} ${blocked.id} is in standby.`;
  }
  if (failed !== undefined && now - failed.at <= relaunchMs) return failed.failure ?? "";
  return "Waiting for a health check interval to pass before continuing.";
}

export function alarmed(world: World, { preferences }: Refresh): boolean {
  return preferences.alarms.some((name) => world.fleet.alarms.get(name) === "ALARM");
}

export function alarmText(world: World, { preferences }: Refresh): string {
  const name = preferences.alarms.find((alarm) => world.fleet.alarms.get(alarm) === "ALARM");
  return `CloudWatch alarm ${name} went into the ALARM state.`;
}

export function hasGaps(world: World, { preferences }: Refresh): boolean {
  return preferences.alarms.some((name) => world.fleet.alarms.get(name) === "INSUFFICIENT_DATA");
}
