import type { MixedInstancesPolicy } from "@aws-sdk/client-auto-scaling";
import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import type { Refresh } from "./refresh-state.ts";
import type { LaunchTemplate, World } from "./world.ts";

/** Auto Scaling groups with their instances, as `refresh-engine.ts` moves them through time. */

export interface Fleet {
  readonly groups: FleetGroup[];
  /** What becomes of instances of an image: `unhealthy` never passes its checks, `gone` cannot be launched. Others are good. */
  readonly images: Map<string, "unhealthy" | "gone">;
  /** Alarm name → state; alarms that are not here are OK. */
  readonly alarms: Map<string, "OK" | "ALARM" | "INSUFFICIENT_DATA" | "missing">;
  /** Zone → EC2 has no capacity there. */
  readonly full: Set<string>;
}

export interface Member {
  readonly id: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly launchedAt: number;
  imageId: string;
  templateVersion: string;
  lifecycle: string;
  /** When the present lifecycle state was entered. */
  since: number;
  health: "Healthy" | "Unhealthy";
  protected: boolean;
  /** When it came into service, last time. */
  inServiceAt: number | undefined;
  /** The next state of a root volume replacement. */
  rootImage?: string;
}

export interface FleetGroup {
  readonly name: string;
  readonly region: string;
  min: number;
  max: number;
  desired: number;
  template: { readonly id: string; version: string };
  mixed: MixedInstancesPolicy | undefined;
  readonly zones: readonly string[];
  graceSeconds: number;
  warmupSeconds: number | undefined;
  maintenance: { readonly min: number; readonly max: number } | undefined;
  /** Seconds that a lifecycle hook holds an instance; its default result is CONTINUE. */
  readonly hooks: { launching?: number; terminating?: number };
  readonly suspended: Set<string>;
  readonly tags: Map<string, string>;
  readonly targetGroups: string[];
  warmPool: boolean;
  deleted: boolean;
  readonly createdAt: number;
  readonly members: Member[];
  readonly refreshes: Refresh[];
  readonly activities: Activity[];
  ticking: boolean;
}

export interface Activity {
  readonly id: string;
  readonly at: number;
  readonly description: string;
  readonly cause: string;
  readonly failure?: string;
}

export function createFleet(): Fleet {
  return { groups: [], images: new Map(), alarms: new Map(), full: new Set() };
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
