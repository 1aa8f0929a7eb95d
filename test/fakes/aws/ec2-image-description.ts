import type { DescribeImagesRequest } from "@aws-sdk/client-ec2";
import { passesFilters, tagSet } from "./ec2-query.ts";
import { AwsError, type Call, page } from "./service.ts";
import { type Image, imageState, type World } from "./world.ts";

export function describeImages(world: World, input: DescribeImagesRequest, call: Call): object {
  const visible = Array.from(world.images.values()).filter((image) => {
    const shared = image.permissions.some(({ UserId }) => UserId === call.account);
    return (
      image.region === call.region &&
      (image.account === call.account || shared) &&
      image.deregisteredAt === undefined &&
      call.now >= image.createdAt + world.describeLagMs
    );
  });
  for (const id of input.ImageIds ?? []) {
    if (visible.some((image) => image.id === id)) continue;
    // A deregistered image is simply missing from the answer; one that never was is an error.
    const was = world.images.get(id)?.deregisteredAt !== undefined;
    if (!was) throw new AwsError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
  }
  const found = visible.filter(
    (image) =>
      (input.ImageIds === undefined || input.ImageIds.includes(image.id)) &&
      (input.Owners?.every((owner) => owner === "self" || owner === image.account) ?? true) &&
      (!(input.Owners?.includes("self") ?? false) || image.account === call.account) &&
      (input.IncludeDisabled === true || !image.disabled) &&
      passesFilters(input.Filters, image.tags, {
        name: [image.name],
        state: [imageState(image, call.now)],
        "image-id": [image.id],
        "block-device-mapping.snapshot-id": [image.snapshotId],
      }),
  );
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 1000);
  return {
    Images: items.map((image) => described(world, image, call.now)),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function described(world: World, image: Image, now: number): object {
  const snapshot = world.snapshots.get(image.snapshotId);
  const state = imageState(image, now);
  return {
    ImageId: image.id,
    ImageLocation: `${image.account}/${image.name}`,
    ImageType: "machine",
    Hypervisor: "xen",
    OwnerId: image.account,
    Name: image.name,
    Description: image.description,
    CreationDate: new Date(image.createdAt).toISOString(),
    Public: false,
    State: state,
    ...(image.failure !== undefined && state === "failed"
      ? { StateReason: { Code: "Client.InternalError", Message: image.failure } }
      : {}),
    BlockDeviceMappings: [
      {
        DeviceName: String(image.fixed["RootDeviceName"]),
        Ebs: { ...image.mapping, SnapshotId: image.snapshotId, Encrypted: snapshot?.encrypted ?? false },
      },
    ],
    ...(image.source === undefined
      ? {}
      : { SourceImageId: image.source.id, SourceImageRegion: image.source.region }),
    ...(image.deprecateAt === undefined ? {} : { DeprecationTime: image.deprecateAt.toISOString() }),
    DeregistrationProtection: image.protection,
    Tags: tagSet(image.tags),
    ...image.fixed,
  };
}
