import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Image } from "@aws-sdk/client-ec2";
import type { Aws } from "./apis.ts";
import type { ImageState } from "./fleet-status-types.ts";
import type { BriefInstance } from "./quick-answers.ts";

/** Told of each API call. */
export type Count = () => void;

const namesPerCall = 50;

/** Those of the named groups that there are. */
export async function describeGroups(
  aws: Aws,
  region: string,
  names: readonly string[],
  count: Count,
): Promise<readonly AutoScalingGroup[]> {
  const autoScaling = await aws.autoScaling(region);
  const found: AutoScalingGroup[] = [];
  for (let at = 0; at < names.length; at += namesPerCall) {
    const AutoScalingGroupNames = names.slice(at, at + namesPerCall);
    let NextToken: string | undefined;
    do {
      count();
      const answer = await autoScaling.describeAutoScalingGroups({
        AutoScalingGroupNames,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      found.push(...(answer.AutoScalingGroups ?? []));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  }
  return found;
}

const valuesPerFilter = 200;

/** AMI and launch time of every instance of the groups, by instance id. */
export async function describeInstances(
  aws: Aws,
  region: string,
  groups: readonly string[],
  count: Count,
): Promise<ReadonlyMap<string, BriefInstance>> {
  const ec2 = await aws.ec2(region);
  const found = new Map<string, BriefInstance>();
  for (let at = 0; at < groups.length; at += valuesPerFilter) {
    const Values = groups.slice(at, at + valuesPerFilter);
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
          if (instance.InstanceId !== undefined) found.set(instance.InstanceId, instance);
        }
      }
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  }
  return found;
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
