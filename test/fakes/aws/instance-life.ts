import type { DesiredConfiguration } from "@aws-sdk/client-auto-scaling";
import { findTemplate, findVersion } from "./ec2-launch-templates.ts";
import type { FleetGroup, Member } from "./fleet.ts";
import { AwsError } from "./service.ts";
import { type Image, imageState, type World } from "./world.ts";

/** How instances of a group come, become healthy, and go. Times as recorded on AWS with a small instance type. */
const launchMs = 12_000;
const checksMs = 60_000;
const unhealthyAfterMs = 120_000;
const terminateMs = 25_000;
const replaceRootMs = 20_000;

/** What new instances of a group are made from. */
export interface Config {
  readonly templateId: string;
  readonly version: string;
  readonly imageFor: (instanceType: string) => string;
  readonly types: readonly string[];
}

/** The configuration that a refresh asks for, or the one that the group has. Errors as AWS gives them for what does not exist. */
export function configOf(world: World, group: FleetGroup, desired?: DesiredConfiguration): Config {
  const mixed = desired?.MixedInstancesPolicy ?? (desired === undefined ? group.mixed : undefined);
  const named = mixed?.LaunchTemplate?.LaunchTemplateSpecification ??
    desired?.LaunchTemplate ?? { LaunchTemplateId: group.template.id, Version: group.template.version };
  const template = findTemplate(world, group.region, named);
  const version = findVersion(template, named.Version ?? "$Default");
  const overrides = mixed?.LaunchTemplate?.Overrides ?? [];
  return {
    templateId: template.id,
    version: String(version.number),
    imageFor: (type) =>
      overrides.find(({ InstanceType }) => InstanceType === type)?.ImageId ?? version.imageId,
    types: overrides
      .map(({ InstanceType }) => InstanceType ?? "")
      .concat(overrides.length === 0 ? [version.data?.InstanceType ?? "m7i.large"] : []),
  };
}

export function matches(member: Member, config: Config): boolean {
  return member.templateVersion === config.version && member.imageId === config.imageFor(member.instanceType);
}

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

/** Launches one instance. Gives undefined, and a failed activity, when EC2 cannot. */
export function launch(
  world: World,
  group: FleetGroup,
  config: Config,
  now: number,
  cause: string,
): Member | undefined {
  const instanceType = config.types[0] ?? "m7i.large";
  const imageId = config.imageFor(instanceType);
  const counts = group.zones.map((zone) => ({
    zone,
    count: group.members.filter((member) => member.zone === zone && isActive(member)).length,
  }));
  const zone = counts.sort((a, b) => a.count - b.count)[0]?.zone ?? "";
  const failure = launchFailure(world, imageId, instanceType, zone);
  const id = world.newId("i");
  const description =
    failure === undefined
      ? `Launching a new EC2 instance: ${id}`
      : `Launching a new EC2 instance.  Status Reason: ${failure}`;
  group.activities.unshift({
    id: world.newId("activity"),
    at: now,
    description,
    cause,
    ...(failure === undefined ? {} : { failure }),
  });
  if (failure !== undefined) return undefined;
  const member: Member = {
    id,
    zone,
    instanceType,
    launchedAt: now,
    imageId,
    templateVersion: config.version,
    lifecycle: "Pending",
    since: now,
    health: "Healthy",
    protected: false,
    inServiceAt: undefined,
  };
  group.members.push(member);
  return member;
}

function launchFailure(
  world: World,
  imageId: string,
  instanceType: string,
  zone: string,
): string | undefined {
  const image = world.images.get(imageId);
  const gone = image === undefined ? world.fleet.images.get(imageId) === "gone" : !isUsable(image);
  if (gone) return `The image id '[${imageId}]' does not exist. Launching EC2 instance failed.`;
  if (!world.fleet.full.has(zone)) return undefined;
  return `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}). Launching EC2 instance failed.`;
}

function isUsable(image: Image): boolean {
  return image.deregisteredAt === undefined && imageState(image, Number.POSITIVE_INFINITY) === "available";
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

/** Keeps the group as its own settings want it while no refresh is under way. */
export function keepCapacity(world: World, group: FleetGroup, now: number): void {
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
