import type { FleetGroup, Member } from "./fleet.ts";
import type { Config } from "./instance-config.ts";
import type { World } from "./world.ts";

/** How instances of a group become healthy, and go. Times as recorded on AWS with a small instance type. */
const launchMs = 12_000;
const checksMs = 60_000;
const unhealthyAfterMs = 120_000;
const terminateMs = 25_000;
const replaceRootMs = 20_000;

const leaving = /^(Terminating|Terminated|Detach)/u;

export function isActive(member: Member): boolean {
  return !leaving.test(member.lifecycle);
}

/** Whether EC2's status checks have passed since the instance came into service, `extraMs` ago or longer. */
export function isChecked(world: World, member: Member, now: number, extraMs = 0): boolean {
  if (member.lifecycle !== "InService" || member.health !== "Healthy") return false;
  if (world.fleet.images.get(member.imageId) === "unhealthy") return false;
  return member.inServiceAt !== undefined && now >= member.inServiceAt + checksMs + extraMs;
}

export function terminate(group: FleetGroup, member: Member, world: World, now: number, cause: string): void {
  enter(member, group.hooks.terminating === undefined ? "Terminating" : "Terminating:Wait", now);
  group.activities.unshift({
    id: world.newId("activity"),
    at: now,
    description: `Terminating EC2 instance: ${member.id}`,
    cause,
  });
}

export function replaceRoot(member: Member, config: Config, now: number): void {
  enter(member, "ReplacingRootVolume", now);
  member.rootImage = config.imageFor(member.instanceType);
  member.templateVersion = config.version;
}

function enter(member: Member, lifecycle: string, at: number): void {
  member.lifecycle = lifecycle;
  member.since = at;
}

/** Brings every instance to the state that it has at this time. */
export function age(world: World, group: FleetGroup, now: number): void {
  for (const member of group.members) ageMember(world, group, member, now);
}

function ageMember(world: World, group: FleetGroup, member: Member, now: number): void {
  const passed = now - member.since;
  const { launching, terminating } = group.hooks;
  switch (member.lifecycle) {
    case "Pending":
      if (passed < launchMs) return;
      if (launching !== undefined) enter(member, "Pending:Wait", now);
      else serve(member, now);
      return;
    case "Pending:Wait":
      if (passed >= (launching ?? 0) * 1000) serve(member, now);
      return;
    case "InService":
      if (world.fleet.images.get(member.imageId) !== "unhealthy") return;
      if (passed >= Math.max(unhealthyAfterMs, group.graceSeconds * 1000)) member.health = "Unhealthy";
      return;
    case "ReplacingRootVolume":
      if (passed < replaceRootMs) return;
      if (member.rootImage !== undefined && world.fleet.images.get(member.rootImage) !== "gone") {
        member.imageId = member.rootImage;
        enter(member, "RootVolumeReplaced", now);
      } else {
        serve(member, now);
        member.health = "Unhealthy";
      }
      return;
    case "RootVolumeReplaced":
      enter(member, "Pending", now);
      return;
    case "Terminating:Wait":
      if (passed >= (terminating ?? 0) * 1000) enter(member, "Terminating:Proceed", now);
      return;
    case "Terminating":
    case "Terminating:Proceed":
      if (passed >= terminateMs) enter(member, "Terminated", now);
      return;
    default:
  }
}

function serve(member: Member, now: number): void {
  enter(member, "InService", now);
  member.inServiceAt = now;
}
