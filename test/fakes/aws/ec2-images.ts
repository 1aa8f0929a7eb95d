import type {
  CopyImageRequest,
  DeregisterImageRequest,
  DescribeImagesRequest,
  RegisterImageRequest,
} from "@aws-sdk/client-ec2";
import { copyImage } from "./ec2-image-copy.ts";
import { describeImages } from "./ec2-image-description.ts";
import { findImage, newImage, refuseTakenName } from "./ec2-image-rules.ts";
import { tagsFor } from "./ec2-query.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
import { type Image, snapshotState, type World } from "./world.ts";

export function imageHandlers(world: World): Handlers {
  return {
    RegisterImage: (input: RegisterImageRequest, call) => register(world, input, call),
    CopyImage: (input: CopyImageRequest, call) => copyImage(world, input, call),
    DescribeImages: (input: DescribeImagesRequest, call) => describeImages(world, input, call),
    DeregisterImage: (input: DeregisterImageRequest, call) => deregister(world, input, call),
  };
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
    ...newImage(call),
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

function deregister(world: World, input: DeregisterImageRequest, call: Call): object {
  const image = findImage(world, input.ImageId, call);
  if (image.protection !== "disabled") {
    throw new AwsError("OperationNotPermitted", `${image.id} is protected from deregistration`);
  }
  image.deregisteredAt = call.now;
  return { Return: true };
}
