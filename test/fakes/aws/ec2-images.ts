import type {
  CopyImageRequest,
  DeregisterImageRequest,
  DescribeImagesRequest,
  RegisterImageRequest,
} from "@aws-sdk/client-ec2";
import { contentOf } from "./ebs.ts";
import { passesFilters, tagSet, tagsFor } from "./ec2-query.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import { type Image, imageState, type Snapshot, snapshotState, type World } from "./world.ts";

export function imageHandlers(world: World): Handlers {
  return {
    RegisterImage: (input: RegisterImageRequest, call) => register(world, input, call),
    CopyImage: (input: CopyImageRequest, call) => copy(world, input, call),
    DescribeImages: (input: DescribeImagesRequest, call) => describe(world, input, call),
    DeregisterImage: (input: DeregisterImageRequest, call) => deregister(world, input, call),
  };
}

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

function refuseTakenName(world: World, name: string | undefined, call: Call): void {
  for (const image of world.images.values()) {
    const live = image.deregisteredAt === undefined && imageState(image, call.now) !== "failed";
    if (live && image.region === call.region && image.account === call.account && image.name === name) {
      const message = `AMI name ${name} is already in use by AMI ${image.id}`;
      throw new AwsError("InvalidAMIName.Duplicate", message);
    }
  }
}

function register(world: World, input: RegisterImageRequest, call: Call): object {
  const mapping = input.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === input.RootDeviceName);
  const snapshot = world.snapshots.get(mapping?.Ebs?.SnapshotId ?? "");
  if (mapping === undefined)
    throw new AwsError("InvalidBlockDeviceMapping", "no root device snapshot specified");
  if (snapshot === undefined || snapshot.region !== call.region || snapshot.account !== call.account) {
    const message = `The snapshot '${mapping.Ebs?.SnapshotId}' does not exist.`;
    throw new AwsError("InvalidSnapshot.NotFound", message);
  }
  if (snapshotState(snapshot, call.now) !== "completed") {
    throw new AwsError("IncorrectState", `Snapshot ${snapshot.id} is not completed`);
  }
  refuseTakenName(world, input.Name, call);
  const image: Image = {
    ...empty(call),
    id: world.newId("ami"),
    name: input.Name ?? "",
    description: input.Description ?? "",
    tags: tagsFor(input.TagSpecifications, "image"),
    availableAt: call.now + world.registerMs,
    snapshotId: snapshot.id,
    mapping: {
      DeleteOnTermination: mapping.Ebs?.DeleteOnTermination ?? true,
      VolumeType: mapping.Ebs?.VolumeType ?? "standard",
      VolumeSize: mapping.Ebs?.VolumeSize ?? snapshot.volumeGiB,
    },
    fixed: {
      Architecture: input.Architecture ?? "i386",
      RootDeviceName: input.RootDeviceName,
      RootDeviceType: "ebs",
      VirtualizationType: input.VirtualizationType ?? "paravirtual",
      EnaSupport: input.EnaSupport ?? false,
      ...(input.SriovNetSupport === undefined ? {} : { SriovNetSupport: input.SriovNetSupport }),
      ...(input.BootMode === undefined ? {} : { BootMode: input.BootMode }),
      ...(input.ImdsSupport === undefined ? {} : { ImdsSupport: input.ImdsSupport }),
      ...(input.TpmSupport === undefined ? {} : { TpmSupport: input.TpmSupport }),
    },
  };
  world.images.set(image.id, image);
  return { ImageId: image.id };
}

function empty(
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

function copy(world: World, input: CopyImageRequest, call: Call): object {
  const { ClientToken: token, ...rest } = input;
  const key = `${call.account} ${call.region} CopyImage ${token}`;
  const request = JSON.stringify(rest);
  const known = token === undefined ? undefined : world.tokens.get(key);
  if (known !== undefined) {
    if (known.request === request) return { ImageId: known.id };
    throw new AwsError("IdempotentParameterMismatch", "the client token was used with other parameters");
  }
  const source = findImage(world, input.SourceImageId, { ...call, region: input.SourceRegion ?? "" });
  if (imageState(source, call.now) !== "available") {
    throw new AwsError("InvalidRequest", `${source.id} is not available`);
  }
  const from = world.snapshots.get(source.snapshotId);
  if (from === undefined) throw new AwsError("InvalidRequest", `${source.snapshotId} is gone`);
  if (input.KmsKeyId !== undefined && !world.kmsKeyUsable(input.KmsKeyId, call.region)) {
    throw new AwsError("InvalidParameterValue", `KmsKeyId ${input.KmsKeyId} is invalid`);
  }
  refuseTakenName(world, input.Name, call);
  const encrypted = from.encrypted || input.Encrypted === true;
  const failure = world.failingCopies.get(call.region);
  const snapshot: Snapshot = {
    ...from,
    id: world.newId("snap"),
    parent: undefined,
    blocks: contentOf(from),
    region: call.region,
    description: `Copied for ${source.id} from ${input.SourceRegion}`,
    tags: tagsFor(input.TagSpecifications, "snapshot"),
    encrypted,
    kmsKeyId: input.KmsKeyId ?? (encrypted ? world.defaultKey(call) : undefined),
    startedAt: call.now,
    completedAt: call.now + world.copyMs,
    failed: failure !== undefined,
  };
  const image: Image = {
    ...empty(call),
    id: world.newId("ami"),
    name: input.Name ?? "",
    description: input.Description ?? "",
    tags: new Map([
      ...(input.CopyImageTags === true ? source.tags : []),
      ...tagsFor(input.TagSpecifications, "image"),
    ]),
    availableAt: call.now + world.copyMs,
    failure,
    snapshotId: snapshot.id,
    fixed: source.fixed,
    mapping: source.mapping,
    source: { id: source.id, region: source.region },
  };
  world.snapshots.set(snapshot.id, snapshot);
  world.images.set(image.id, image);
  if (token !== undefined) world.tokens.set(key, { request, id: image.id });
  return { ImageId: image.id };
}

function describe(world: World, input: DescribeImagesRequest, call: Call): object {
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

function deregister(world: World, input: DeregisterImageRequest, call: Call): object {
  const image = findImage(world, input.ImageId, call);
  if (image.protection !== "disabled") {
    throw new AwsError("OperationNotPermitted", `${image.id} is protected from deregistration`);
  }
  image.deregisteredAt = call.now;
  return { Return: true };
}
