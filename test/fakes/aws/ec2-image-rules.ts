import { AwsError, type Call } from "./service.ts";
import { type Image, imageState, type World } from "./world.ts";

/** An image that is there, visible to this caller. */
export function findImage(world: World, id: string | undefined, call: Call): Image {
  const image = world.images.get(id ?? "");
  const there = image !== undefined && image.region === call.region && image.account === call.account;
  if (!there || call.now < image.createdAt + world.describeLagMs) {
    throw new AwsError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
  }
  if (image.deregisteredAt !== undefined) {
    throw new AwsError("InvalidAMIID.Unavailable", `The image ID '${id}' is no longer available`);
  }
  return image;
}

/** A name is one image's in its region and account; one that failed or was deregistered holds none. */
export function refuseTakenName(world: World, name: string | undefined, call: Call): void {
  for (const image of world.images.values()) {
    const live = image.deregisteredAt === undefined && imageState(image, call.now) !== "failed";
    if (live && image.region === call.region && image.account === call.account && image.name === name) {
      const message = `AMI name ${name} is already in use by AMI ${image.id}`;
      throw new AwsError("InvalidAMIName.Duplicate", message);
    }
  }
}

/** What a new image has, however it is made. */
export function newImage(
  call: Call,
): Omit<Image, "id" | "name" | "description" | "tags" | "availableAt" | "snapshotId" | "mapping" | "fixed"> {
  return {
    region: call.region,
    account: call.account,
    createdAt: call.now,
    failure: undefined,
    source: undefined,
    permissions: [],
    deregisteredAt: undefined,
    deprecateAt: undefined,
    protection: "disabled",
    disabled: false,
  };
}
