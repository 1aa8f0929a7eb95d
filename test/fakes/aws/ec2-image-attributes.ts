import type {
  DescribeImageAttributeRequest,
  DisableImageDeregistrationProtectionRequest,
  EnableImageDeprecationRequest,
  EnableImageDeregistrationProtectionRequest,
  LaunchPermission,
  ModifyImageAttributeRequest,
} from "@aws-sdk/client-ec2";
import { findImage } from "./ec2-image-rules.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

export function imageAttributeHandlers(world: World): Handlers {
  return {
    ModifyImageAttribute: (input: ModifyImageAttributeRequest, call) => modify(world, input, call),
    DescribeImageAttribute: (input: DescribeImageAttributeRequest, call) => {
      const image = findImage(world, input.ImageId, call);
      if (input.Attribute !== "launchPermission") throw new Error(`no attribute ${input.Attribute}`);
      return { ImageId: image.id, LaunchPermissions: image.permissions };
    },
    EnableImageDeprecation: (input: EnableImageDeprecationRequest, call) => {
      const image = findImage(world, input.ImageId, call);
      const at = input.DeprecateAt ?? new Date(0);
      if (at.getTime() <= call.now) {
        throw new AwsError("InvalidParameterValue", "the deprecation date is in the past");
      }
      // AWS keeps whole minutes.
      image.deprecateAt = new Date(Math.floor(at.getTime() / 60_000) * 60_000);
      return { Return: true };
    },
    EnableImageDeregistrationProtection: (input: EnableImageDeregistrationProtectionRequest, call) => {
      const image = findImage(world, input.ImageId, call);
      image.protection = input.WithCooldown === true ? "enabled-with-cooldown" : "enabled";
      return { Return: "true" };
    },
    DisableImageDeregistrationProtection: (input: DisableImageDeregistrationProtectionRequest, call) => {
      findImage(world, input.ImageId, call).protection = "disabled";
      return { Return: "true" };
    },
  };
}

function modify(world: World, input: ModifyImageAttributeRequest, call: Call): object {
  const image = findImage(world, input.ImageId, call);
  const kinds = [input.LaunchPermission, input.Description, input.ImdsSupport].filter(
    (kind) => kind !== undefined,
  );
  if (kinds.length !== 1) {
    throw new AwsError("InvalidParameterCombination", "one attribute can be modified at a time");
  }
  const snapshot = world.snapshots.get(image.snapshotId);
  const same = (a: LaunchPermission, b: LaunchPermission): boolean =>
    a.UserId === b.UserId &&
    a.OrganizationArn === b.OrganizationArn &&
    a.OrganizationalUnitArn === b.OrganizationalUnitArn;
  for (const permission of input.LaunchPermission?.Add ?? []) {
    if (permission.UserId !== undefined && !/^\d{12}$/u.test(permission.UserId)) {
      throw new AwsError(
        "InvalidAMIAttributeItemValue",
        `Invalid attribute item value '${permission.UserId}'`,
      );
    }
    if (snapshot?.kmsKeyId === world.defaultKey(call)) {
      throw new AwsError("InvalidParameter", "snapshots encrypted with the default key cannot be shared");
    }
    const { UserId, OrganizationArn, OrganizationalUnitArn } = permission;
    if (image.permissions.some((known) => same(known, permission))) continue;
    image.permissions.push({
      ...(UserId === undefined ? {} : { UserId }),
      ...(OrganizationArn === undefined ? {} : { OrganizationArn }),
      ...(OrganizationalUnitArn === undefined ? {} : { OrganizationalUnitArn }),
    });
  }
  for (const permission of input.LaunchPermission?.Remove ?? []) {
    const index = image.permissions.findIndex((known) => same(known, permission));
    if (index !== -1) image.permissions.splice(index, 1);
  }
  return {};
}
