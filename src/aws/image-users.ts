import type { Aws } from "./apis.ts";
import { chunks, pages } from "./inventory.ts";
import { findParameter } from "./settle.ts";

/** Who uses an AMI or snapshot: id → a few words for people. */
export type Users = ReadonlyMap<string, string>;

const liveStates = ["pending", "running", "stopping", "stopped", "shutting-down"];

/**
 * What of a region uses any of these AMIs or snapshots: instances that are not terminated, any version of any launch
 * template, Auto Scaling groups, launch configurations, the spec's SSM parameter.
 */
export async function findUsers(
  aws: Aws,
  region: string,
  imageIds: readonly string[],
  ssmParameter: string | undefined,
): Promise<Users> {
  const users = new Map<string, string>();
  const use = (id: string | undefined, by: string): void => {
    if (id !== undefined && !users.has(id)) users.set(id, by);
  };
  await Promise.all([
    instances(aws, region, imageIds, use),
    launchTemplates(aws, region, use),
    autoScaling(aws, region, use),
    parameter(aws, region, ssmParameter, use),
  ]);
  return users;
}

type Use = (id: string | undefined, by: string) => void;

async function instances(aws: Aws, region: string, imageIds: readonly string[], use: Use): Promise<void> {
  const ec2 = await aws.ec2(region);
  for (const some of chunks(imageIds, 100)) {
    const reservations = await pages(async (token) => {
      const found = await ec2.describeInstances({
        Filters: [
          { Name: "image-id", Values: [...some] },
          { Name: "instance-state-name", Values: liveStates },
        ],
        MaxResults: 1000,
        ...token,
      });
      return { items: found.Reservations ?? [], next: found.NextToken };
    });
    for (const { Instances: list } of reservations) {
      for (const { ImageId, InstanceId } of list ?? []) use(ImageId, `instance ${InstanceId}`);
    }
  }
}

async function launchTemplates(aws: Aws, region: string, use: Use): Promise<void> {
  const ec2 = await aws.ec2(region);
  const templates = await pages(async (token) => {
    const found = await ec2.describeLaunchTemplates({ MaxResults: 200, ...token });
    return { items: found.LaunchTemplates ?? [], next: found.NextToken };
  });
  for (const { LaunchTemplateId, LaunchTemplateName } of templates) {
    if (LaunchTemplateId === undefined) continue;
    const versions = await pages(async (token) => {
      const found = await ec2.describeLaunchTemplateVersions({
        LaunchTemplateId,
        ResolveAlias: true,
        MaxResults: 200,
        ...token,
      });
      return { items: found.LaunchTemplateVersions ?? [], next: found.NextToken };
    });
    for (const { VersionNumber, LaunchTemplateData: data } of versions) {
      const by = `launch template ${LaunchTemplateName} version ${VersionNumber}`;
      use(data?.ImageId, by);
      for (const { Ebs } of data?.BlockDeviceMappings ?? []) use(Ebs?.SnapshotId, by);
    }
  }
}

async function autoScaling(aws: Aws, region: string, use: Use): Promise<void> {
  const client = await aws.autoScaling(region);
  const groups = await pages(async (token) => {
    const found = await client.describeAutoScalingGroups({ MaxRecords: 100, ...token });
    return { items: found.AutoScalingGroups ?? [], next: found.NextToken };
  });
  for (const { AutoScalingGroupName: name, MixedInstancesPolicy: policy, Instances: list } of groups) {
    for (const { ImageId } of policy?.LaunchTemplate?.Overrides ?? [])
      use(ImageId, `Auto Scaling group ${name}`);
    for (const { ImageId } of list ?? []) use(ImageId, `Auto Scaling group ${name}`);
  }
  const configurations = await pages(async (token) => {
    const found = await client.describeLaunchConfigurations({ MaxRecords: 100, ...token });
    return { items: found.LaunchConfigurations ?? [], next: found.NextToken };
  });
  for (const { ImageId, LaunchConfigurationName: name, BlockDeviceMappings: mappings } of configurations) {
    use(ImageId, `launch configuration ${name}`);
    for (const { Ebs } of mappings ?? []) use(Ebs?.SnapshotId, `launch configuration ${name}`);
  }
}

async function parameter(aws: Aws, region: string, name: string | undefined, use: Use): Promise<void> {
  if (name !== undefined) use(await findParameter(aws, region, name), `parameter ${name}`);
}
