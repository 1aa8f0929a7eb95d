import type { FleetGroup, Member } from "./fleet.ts";
import type { Config } from "./instance-config.ts";
import { isActive } from "./instance-life.ts";
import { type Image, imageState, type World } from "./world.ts";

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
