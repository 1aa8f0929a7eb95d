import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import type { FleetGroup } from "./fleet.ts";
import { AwsError, type Call } from "./service.ts";
import type { LaunchTemplate, World } from "./world.ts";

export function findGroup(world: World, call: Call, name: string | undefined): FleetGroup {
  const group = world.fleet.groups.find(
    (entry) => entry.name === name && entry.region === call.region && !entry.deleted,
  );
  if (group === undefined) {
    throw new AwsError(
      "ValidationError",
      `AutoScalingGroup name not found - AutoScalingGroup ${name} not found`,
    );
  }
  return group;
}

/** Adds a launch template with one version for each of the given data. */
export function addTemplate(
  world: World,
  region: string,
  name: string,
  ...versions: readonly RequestLaunchTemplateData[]
): LaunchTemplate {
  const template: LaunchTemplate = {
    id: world.newId("lt"),
    name,
    region,
    defaultVersion: 1,
    versions: versions.map((data, index) => ({ number: index + 1, imageId: data.ImageId ?? "", data })),
  };
  world.launchTemplates.push(template);
  return template;
}

/** Adds a group whose instances are in service since an hour on the version that the group names. */
export function addGroup(
  world: World,
  template: LaunchTemplate,
  name: string,
  desired: number,
  more: Partial<FleetGroup> = {},
): FleetGroup {
  const createdAt = Date.UTC(2026, 10, 22, 11);
  const group: FleetGroup = {
    name,
    region: template.region,
    min: 0,
    max: Math.max(10, desired * 2),
    desired,
    template: { id: template.id, version: "1" },
    mixed: undefined,
    zones: ["a", "b", "c"].map((zone) => `${template.region}${zone}`),
    graceSeconds: 0,
    warmupSeconds: 0,
    maintenance: undefined,
    hooks: {},
    suspended: new Set(),
    tags: new Map(),
    targetGroups: [],
    warmPool: false,
    deleted: false,
    createdAt,
    members: [],
    refreshes: [],
    activities: [],
    ticking: false,
    ...more,
  };
  const number = /^\d+$/u.test(group.template.version) ? Number(group.template.version) : 1;
  const imageId =
    group.mixed?.LaunchTemplate?.Overrides?.[0]?.ImageId ??
    template.versions.find((version) => version.number === number)?.imageId ??
    "";
  for (let index = 0; index < desired; index++) {
    group.members.push({
      id: world.newId("i"),
      zone: group.zones[index % group.zones.length] ?? "",
      instanceType: group.mixed?.LaunchTemplate?.Overrides?.[0]?.InstanceType ?? "m7i.large",
      launchedAt: createdAt + index * 1000,
      imageId,
      templateVersion: String(number),
      lifecycle: "InService",
      since: createdAt,
      health: "Healthy",
      protected: false,
      inServiceAt: createdAt,
    });
  }
  world.fleet.groups.push(group);
  return group;
}
