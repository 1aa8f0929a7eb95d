import type { DescribeAutoScalingGroupsCommandInput } from "@aws-sdk/client-auto-scaling";
import { type Handlers, page } from "./service.ts";
import type { World } from "./world.ts";

export function autoScalingHandlers(world: World): Handlers {
  return {
    DescribeAutoScalingGroups: (input: DescribeAutoScalingGroupsCommandInput, call) => {
      const found = world.groups.filter(({ region }) => region === call.region);
      const { items, nextToken } = page(found, input.NextToken, input.MaxRecords ?? 50);
      return {
        AutoScalingGroups: items.map((group) => ({
          AutoScalingGroupName: group.name,
          MinSize: 0,
          MaxSize: 10,
          DesiredCapacity: 0,
          DefaultCooldown: 300,
          AvailabilityZones: [`${group.region}a`],
          HealthCheckType: "EC2",
          CreatedTime: new Date(call.now),
          MixedInstancesPolicy: {
            LaunchTemplate: {
              LaunchTemplateSpecification: {
                LaunchTemplateId: group.launchTemplate.id,
                Version: group.launchTemplate.version,
              },
              Overrides: group.overrideImages.map((ImageId) => ({ InstanceType: "m7i.large", ImageId })),
            },
          },
        })),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },
    DescribeLaunchConfigurations: () => ({ LaunchConfigurations: [] }),
  };
}
