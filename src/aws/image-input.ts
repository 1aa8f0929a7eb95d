import type { CompleteSnapshotCommandInput, StartSnapshotCommandInput } from "@aws-sdk/client-ebs";
import type {
  CopyImageCommandInput,
  LaunchPermission,
  RegisterImageCommandInput,
  TagSpecification,
} from "@aws-sdk/client-ec2";
import type { PutParameterCommandInput } from "@aws-sdk/client-ssm";
import { tagNames, type PublishBuild, type PublishSpec } from "./publish-types.ts";

/** The inputs of the calls that make things, as plain values: a dry run prints them, a publish sends them. */

/** Name of the AMI in every region; the same for the same build. */
export function imageName({ specName, buildId }: Pick<PublishBuild, "specName" | "buildId">): string {
  return `${specName}-${buildId.replace(/^sha256:/u, "").slice(0, 12)}`;
}

function tagsOf(build: PublishBuild): Readonly<Record<string, string>> {
  return {
    Name: imageName(build),
    ...build.publish.tags,
    [tagNames.build]: build.buildId,
    [tagNames.spec]: build.specName,
    [tagNames.disk]: build.disk.sha256,
  };
}

function tagList(build: PublishBuild): { Key: string; Value: string }[] {
  return Object.entries(tagsOf(build)).map(([Key, Value]) => ({ Key, Value }));
}

function tagSpecification(build: PublishBuild, resource: "image" | "snapshot"): TagSpecification {
  return { ResourceType: resource, Tags: tagList(build) };
}

/** UEFI, NVMe, IMDSv2: what every instance type since 2018 boots and an image of 2026 may ask for. */
export const imageAttributes = {
  Architecture: "x86_64",
  VirtualizationType: "hvm",
  BootMode: "uefi",
  ImdsSupport: "v2.0",
  EnaSupport: true,
  SriovNetSupport: "simple",
  RootDeviceName: "/dev/xvda",
} as const;

/** Minutes without a finished upload after which EBS gives a snapshot up. */
const uploadMinutes = 240;

/** Equal for equal calls, so that a repeated call finds what the first one made. */
function clientToken(build: PublishBuild, region: string, attempt: number): string {
  const id = build.buildId.replace(/^sha256:/u, "").slice(0, 32);
  return `igneous-${id}-${build.disk.sha256.slice(0, 16)}-${region}-${attempt}`;
}

/** What a snapshot inherits from a parent, encryption too, must not be named again. */
export function startSnapshotInput(
  build: PublishBuild,
  wanted: {
    readonly region: string;
    readonly encrypted: boolean;
    readonly kmsKey?: string;
    readonly parent?: { readonly snapshotId: string };
  },
  volumeSize: number,
  attempt: number,
): StartSnapshotCommandInput {
  const { parent, kmsKey } = wanted;
  const encryption = wanted.encrypted
    ? { Encrypted: true, ...(kmsKey === undefined ? {} : { KmsKeyArn: kmsKey }) }
    : {};
  return {
    VolumeSize: volumeSize,
    Description: imageDescription(build),
    Tags: tagList(build),
    Timeout: uploadMinutes,
    ClientToken: clientToken(build, wanted.region, attempt),
    ...(parent === undefined ? encryption : { ParentSnapshotId: parent.snapshotId }),
  };
}

export function completeSnapshotInput(
  snapshotId: string,
  count: number,
  aggregate: string,
): CompleteSnapshotCommandInput {
  const sum = {
    Checksum: aggregate,
    ChecksumAlgorithm: "SHA256",
    ChecksumAggregationMethod: "LINEAR",
  } as const;
  return { SnapshotId: snapshotId, ChangedBlocksCount: count, ...(count === 0 ? {} : sum) };
}

export function copyImageInput(
  build: PublishBuild,
  region: string,
  home: { readonly region: string; readonly amiId: string },
  attempt: number,
): CopyImageCommandInput {
  const { encrypted, kmsKey } = encryptionIn(build.publish, region);
  return {
    Name: imageName(build),
    Description: imageDescription(build),
    SourceRegion: home.region,
    SourceImageId: home.amiId,
    ClientToken: `${clientToken(build, region, attempt)}-${home.amiId}`,
    TagSpecifications: [tagSpecification(build, "image"), tagSpecification(build, "snapshot")],
    ...(encrypted ? { Encrypted: true } : {}),
    ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
  };
}

export function parameterInput(name: string, amiId: string): PutParameterCommandInput {
  return { Name: name, Value: amiId, Type: "String", DataType: "aws:ec2:image", Overwrite: true };
}

export function registerImageInput(
  build: PublishBuild,
  snapshotId: string,
  volumeSize: number,
): RegisterImageCommandInput {
  return {
    Name: imageName(build),
    Description: imageDescription(build),
    ...imageAttributes,
    BlockDeviceMappings: [
      {
        DeviceName: imageAttributes.RootDeviceName,
        Ebs: {
          SnapshotId: snapshotId,
          VolumeSize: volumeSize,
          VolumeType: "gp3",
          DeleteOnTermination: true,
        },
      },
    ],
    TagSpecifications: [tagSpecification(build, "image")],
  };
}

function imageDescription(build: PublishBuild): string {
  return `igneous build ${build.buildId} of ${build.specName}`;
}

/** Encryption of the snapshot in a region, as the spec asks for it. */
export function encryptionIn(
  spec: PublishSpec,
  region: string,
): { readonly encrypted: boolean; readonly kmsKey?: string } {
  const kmsKey = spec.kmsKeys?.[region];
  if (kmsKey !== undefined) return { encrypted: true, kmsKey };
  return { encrypted: spec.encrypted === true };
}

/** Who may launch the image, as the spec asks for it. */
export function launchPermissions(spec: PublishSpec): readonly LaunchPermission[] {
  return [
    ...(spec.accounts ?? []).map((UserId) => ({ UserId })),
    ...(spec.organizations ?? []).map((OrganizationArn) => ({ OrganizationArn })),
    ...(spec.organizationalUnits ?? []).map((OrganizationalUnitArn) => ({ OrganizationalUnitArn })),
  ];
}

/** One text for a permission, so that two can be compared. */
export function permissionKey(permission: LaunchPermission): string {
  const { UserId, OrganizationArn, OrganizationalUnitArn, Group } = permission;
  return UserId ?? OrganizationArn ?? OrganizationalUnitArn ?? Group ?? "";
}

/** When an image that was created at `created` is deprecated: whole minutes, as AWS keeps them. */
export function deprecationTime(spec: PublishSpec, created: Date): Date | undefined {
  const after = spec.deprecateAfter === undefined ? undefined : findDuration(spec.deprecateAfter);
  if (after === undefined) return undefined;
  return new Date(Math.floor((created.getTime() + after) / 60_000) * 60_000);
}

const durations: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `36h`, `90d`, `12w` in milliseconds; undefined when the text is no duration. */
export function findDuration(text: string): number | undefined {
  const match = /^(\d{1,5})([hdw])$/u.exec(text);
  const unit = durations[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}
