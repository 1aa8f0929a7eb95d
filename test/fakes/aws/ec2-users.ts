import type { DescribeInstancesRequest } from "@aws-sdk/client-ec2";
import { passesFilters } from "./ec2-query.ts";
import type { FleetGroup, Member } from "./fleet.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { World } from "./world.ts";

/** What uses images: instances and launch templates. */
export function imageUserHandlers(world: World): Handlers {
  return {
    DescribeRegions: () => ({
      Regions: world.regions.map((RegionName) => ({
        RegionName,
        Endpoint: `ec2.${RegionName}.amazonaws.com`,
        OptInStatus: "opt-in-not-required",
      })),
    }),
    DescribeInstances: (input: DescribeInstancesRequest, call) => instances(world, input, call),
  };
}

const stateCodes = { pending: 0, running: 16, stopping: 64, stopped: 80, terminated: 48 } as const;

interface Shown {
  readonly id: string;
  readonly imageId: string;
  readonly state: keyof typeof stateCodes;
  readonly member?: Member;
  readonly group?: FleetGroup;
}

function instances(world: World, input: DescribeInstancesRequest, call: Call): object {
  const members: Shown[] = world.fleet.groups
    .filter((group) => group.region === call.region)
    .flatMap((group) =>
      group.members.map((member) => {
        const state = member.lifecycle === "Terminated" ? "terminated" : "running";
        return { id: member.id, imageId: member.imageId, state, member, group };
      }),
    );
  const all: Shown[] = [...world.instances.filter(({ region }) => region === call.region), ...members];
  for (const id of input.InstanceIds ?? []) {
    if (all.some((instance) => instance.id === id)) continue;
    throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
  }
  const found = all.filter(
    ({ id, imageId, state, group }) =>
      (input.InstanceIds?.includes(id) ?? true) &&
      passesFilters(input.Filters, tagsOf(group), {
        "image-id": [imageId],
        "instance-state-name": [state],
      }),
  );
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 1000);
  return {
    Reservations: items.map(({ id, imageId, state, member, group }, index) => ({
      ReservationId: `r-${String(index).padStart(17, "0")}`,
      OwnerId: call.account,
      Instances: [
        {
          InstanceId: id,
          ImageId: imageId,
          State: { Name: state, Code: stateCodes[state] },
          ...(member === undefined
            ? {}
            : {
                PrivateIpAddress: "127.0.0.1",
                InstanceType: member.instanceType,
                LaunchTime: new Date(member.launchedAt),
                Placement: { AvailabilityZone: member.zone },
                Tags: Array.from(tagsOf(group), ([Key, Value]) => ({ Key, Value })),
              }),
        },
      ],
    })),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function tagsOf(group: FleetGroup | undefined): ReadonlyMap<string, string> {
  return new Map(group === undefined ? [] : [["aws:autoscaling:groupName", group.name], ...group.tags]);
}
