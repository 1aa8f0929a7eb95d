import type {
  DescribeInstancesRequest,
  DescribeLaunchTemplatesRequest,
  DescribeLaunchTemplateVersionsRequest,
} from "@aws-sdk/client-ec2";
import { passesFilters } from "./ec2-query.ts";
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
    DescribeLaunchTemplates: (input: DescribeLaunchTemplatesRequest, call) => templates(world, input, call),
    DescribeLaunchTemplateVersions: (input: DescribeLaunchTemplateVersionsRequest, call) =>
      versions(world, input, call),
  };
}

const stateCodes = { pending: 0, running: 16, stopping: 64, stopped: 80, terminated: 48 } as const;

function instances(world: World, input: DescribeInstancesRequest, call: Call): object {
  const found = world.instances.filter(
    (instance) =>
      instance.region === call.region &&
      passesFilters(input.Filters, new Map(), {
        "image-id": [instance.imageId],
        "instance-state-name": [instance.state],
      }),
  );
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 1000);
  return {
    Reservations: items.map(({ id, imageId, state }, index) => ({
      ReservationId: `r-${String(index).padStart(17, "0")}`,
      OwnerId: call.account,
      Instances: [{ InstanceId: id, ImageId: imageId, State: { Name: state, Code: stateCodes[state] } }],
    })),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function templates(world: World, input: DescribeLaunchTemplatesRequest, call: Call): object {
  const found = world.launchTemplates.filter(({ region }) => region === call.region);
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 200);
  return {
    LaunchTemplates: items.map(({ id, name, versions: all }) => ({
      LaunchTemplateId: id,
      LaunchTemplateName: name,
      DefaultVersionNumber: 1,
      LatestVersionNumber: all.at(-1)?.number ?? 1,
    })),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function versions(world: World, input: DescribeLaunchTemplateVersionsRequest, call: Call): object {
  const template = world.launchTemplates.find(
    ({ id, region }) => id === input.LaunchTemplateId && region === call.region,
  );
  if (template === undefined) {
    throw new AwsError("InvalidLaunchTemplateId.NotFound", `${input.LaunchTemplateId} does not exist`);
  }
  const { items, nextToken } = page(template.versions, input.NextToken, input.MaxResults ?? 200);
  const resolved = (imageId: string): string => {
    const name = /^resolve:ssm:(.+)$/u.exec(imageId)?.[1];
    if (name === undefined || input.ResolveAlias !== true) return imageId;
    return world.parameters.get(`${call.account} ${call.region} ${name}`)?.versions.at(-1)?.value ?? imageId;
  };
  return {
    LaunchTemplateVersions: items.map(({ number, imageId }) => ({
      LaunchTemplateId: template.id,
      LaunchTemplateName: template.name,
      VersionNumber: number,
      DefaultVersion: number === 1,
      LaunchTemplateData: { ImageId: resolved(imageId) },
    })),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}
