import type { FleetGroup, Member } from "./fleet.ts";
import { isActive } from "./instance-life.ts";
import type { Refresh } from "./refresh-state.ts";

/** How far a refresh goes: which instances it has to do with, and how many. */

/** Instances that the refresh leaves alone because it was asked to. */
export function isIgnored(member: Member, refresh: Refresh): boolean {
  const { scaleInProtected, standby } = refresh.preferences;
  return (
    (member.protected && scaleInProtected === "Ignore") ||
    (member.lifecycle === "Standby" && standby === "Ignore")
  );
}

export function isBlocked(member: Member, refresh: Refresh): boolean {
  const { scaleInProtected, standby } = refresh.preferences;
  return (
    (member.protected && scaleInProtected === "Wait") ||
    (member.lifecycle === "Standby" && standby === "Wait")
  );
}

/** How many instances of the target configuration the refresh has to come to. */
export function goalOf(group: FleetGroup, refresh: Refresh): number {
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

/** Most instances that may run: when none may be missing, one more than desired. */
export function mostOf(group: FleetGroup, { min, max }: Refresh["preferences"]): number {
  if (max === undefined) return group.desired;
  const launchFirst = Math.ceil((min * group.desired) / 100) >= group.desired;
  return Math.max(Math.floor((max * group.desired) / 100), launchFirst ? group.desired + 1 : group.desired);
}
