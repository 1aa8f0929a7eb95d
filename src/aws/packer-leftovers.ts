import type { Aws } from "./apis.ts";
import { tagNames } from "./publish-types.ts";

/** What a run of Packer is known by. */
export interface PackerRunTraces {
  readonly buildId: string;
  readonly region: string;
  readonly instances: readonly string[];
  readonly names: readonly string[];
  /** Launch templates of spot instances. */
  readonly templates: readonly string[];
}

/**
 * What a failed run of Packer left in its region: instances, volumes and snapshots by our tag, key pairs, security groups and
 * launch templates by what it said of them. Each as kind and id. Images, and the snapshots that are in one, are no leftovers.
 */
export async function findPackerLeftovers(aws: Aws, run: PackerRunTraces): Promise<readonly string[]> {
  const ec2 = await aws.ec2(run.region);
  const tagged = [{ Name: `tag:${tagNames.build}`, Values: [run.buildId] }];
  const names = [...run.names];
  const [instances, volumes, snapshots, images, keys, groups, templates] = await Promise.all([
    ec2.describeInstances({ Filters: tagged }),
    ec2.describeVolumes({ Filters: tagged }),
    ec2.describeSnapshots({ Filters: tagged, OwnerIds: ["self"] }),
    ec2.describeImages({ Owners: ["self"] }),
    ec2.describeKeyPairs({ Filters: [{ Name: "key-name", Values: [...names, "none"] }] }),
    ec2.describeSecurityGroups({ Filters: [{ Name: "group-name", Values: [...names, "none"] }] }),
    // Only a spot instance has one, and only then may that be asked.
    run.templates.length === 0
      ? { LaunchTemplates: [] }
      : ec2.describeLaunchTemplates({
          Filters: [{ Name: "launch-template-name", Values: ["packer-fleet-launch-template-*"] }],
        }),
  ]);
  const used = new Set(
    (images.Images ?? []).flatMap(({ BlockDeviceMappings: mappings = [] }) =>
      mappings.map(({ Ebs }) => Ebs?.SnapshotId),
    ),
  );
  const gone = ["terminated", "shutting-down"];
  const running = (instances.Reservations ?? [])
    .flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => !gone.includes(State?.Name ?? ""));
  const ids = new Set(running.map(({ InstanceId }) => InstanceId));
  const loose = (volumes.Volumes ?? []).filter(
    ({ Attachments = [] }) => !Attachments.some(({ InstanceId }) => ids.has(InstanceId)),
  );
  return [
    ...running.map(({ InstanceId }) => `instance ${InstanceId}`),
    ...loose.map(({ VolumeId }) => `volume ${VolumeId}`),
    ...(snapshots.Snapshots ?? [])
      .filter(({ SnapshotId }) => !used.has(SnapshotId))
      .map(({ SnapshotId }) => `snapshot ${SnapshotId}`),
    ...(keys.KeyPairs ?? []).map(({ KeyName }) => `key pair ${KeyName}`),
    ...(groups.SecurityGroups ?? []).map(({ GroupId }) => `security group ${GroupId}`),
    ...(templates.LaunchTemplates ?? [])
      .filter(({ LaunchTemplateId: id }) => id !== undefined && run.templates.includes(id))
      .map(({ LaunchTemplateId }) => `launch template ${LaunchTemplateId}`),
  ];
}
