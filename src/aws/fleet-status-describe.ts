import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Image } from "@aws-sdk/client-ec2";
import type { Aws } from "./apis.ts";
import { type FoldedInstance, foldFacts, foldMember } from "./fleet-status-instance.ts";
import type { ImageState } from "./fleet-status-types.ts";

/** Told of each API call. */
export type Count = () => void;

/** A group as AWS has it, without its instances, and these, folded. */
export interface FoundGroup {
  readonly group: AutoScalingGroup;
  readonly instances: readonly FoldedInstance[];
}

const firstNames = 10;
const mostNames = 50;
/** Some megabytes of XML, of which each region may have as much in memory. */
const instancesPerPage = 10_000;

/** Those of the named groups that there are. How many are asked for at once follows from how large the first ones are. */
export async function describeGroups(
  aws: Aws,
  region: string,
  names: readonly string[],
  count: Count,
): Promise<readonly FoundGroup[]> {
  const autoScaling = await aws.autoScaling(region);
  const found: FoundGroup[] = [];
  let instances = 0;
  for (let at = 0, size = firstNames; at < names.length; ) {
    const AutoScalingGroupNames = names.slice(at, at + size);
    at += size;
    let NextToken: string | undefined;
    do {
      count();
      const answer = await autoScaling.describeAutoScalingGroups({
        AutoScalingGroupNames,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      for (const { Instances = [], ...group } of answer.AutoScalingGroups ?? []) {
        found.push({ group, instances: Instances.map(foldMember) });
        instances += Instances.length;
      }
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
    const average = Math.max(1, instances) / Math.max(1, found.length);
    size = Math.max(1, Math.min(mostNames, Math.floor(instancesPerPage / average)));
  }
  return found;
}

const valuesPerFilter = 200;

/** Adds AMI, address and, unless it is `brief`, launch time to every instance of the groups. */
export async function describeInstances(
  aws: Aws,
  region: string,
  groups: readonly FoundGroup[],
  brief: boolean,
  count: Count,
): Promise<void> {
  const ec2 = await aws.ec2(region);
  const members = new Map(
    groups.flatMap(({ instances }) => instances.map((instance) => [instance.instanceId, instance] as const)),
  );
  for (let at = 0; at < groups.length; at += valuesPerFilter) {
    const some = groups.slice(at, at + valuesPerFilter);
    const Values = some.map(({ group }) => group.AutoScalingGroupName ?? "");
    let NextToken: string | undefined;
    do {
      count();
      const answer = await ec2.describeInstances({
        Filters: [{ Name: "tag:aws:autoscaling:groupName", Values }],
        MaxResults: 1000,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      for (const { Instances } of answer.Reservations ?? []) {
        for (const instance of Instances ?? []) {
          const member = members.get(instance.InstanceId ?? "");
          if (member !== undefined) foldFacts(member, instance, brief);
        }
      }
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  }
}

/** Those of the images that there are. */
export async function describeImages(
  aws: Aws,
  region: string,
  ids: readonly string[],
  count: Count,
): Promise<readonly ImageState[]> {
  if (ids.length === 0) return [];
  const ec2 = await aws.ec2(region);
  count();
  // A filter gives what is there; a list of ids would fail when one of them is gone.
  const { Images } = await ec2.describeImages({
    Filters: [{ Name: "image-id", Values: [...ids] }],
    IncludeDisabled: true,
    IncludeDeprecated: true,
  });
  return (Images ?? []).map((image) => imageState(region, image));
}

function imageState(region: string, image: Image): ImageState {
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    region,
    imageId: image.ImageId ?? "",
    state: image.State ?? "unknown",
    volumes: (image.BlockDeviceMappings ?? []).filter(({ Ebs }) => Ebs !== undefined).length,
    ...(image.RootDeviceName === undefined ? {} : { rootDevice: image.RootDeviceName }),
    ...(root?.Ebs?.VolumeSize === undefined ? {} : { rootGiB: root.Ebs.VolumeSize }),
    ...(image.Architecture === undefined ? {} : { architecture: image.Architecture }),
  };
}
