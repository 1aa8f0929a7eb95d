import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { createFleet, type Fleet } from "./fleet.ts";
import { createImageBuilderState, type ImageBuilderState } from "./image-builder-state.ts";
import { createNodes, type Nodes } from "./nodes.ts";
import { type Call, createIds } from "./service.ts";

/** Everything that exists in the simulated AWS, over all regions and accounts. States follow from times and the clock. */
export interface World {
  readonly newId: (prefix: string) => string;
  /** Regions that are enabled for every account. */
  readonly regions: readonly string[];
  readonly snapshots: Map<string, Snapshot>;
  readonly images: Map<string, Image>;
  readonly parameters: Map<string, Parameter>;
  readonly instances: Instance[];
  readonly launchTemplates: LaunchTemplate[];
  readonly groups: Group[];
  /** Groups whose instances live through time. */
  readonly fleet: Fleet;
  /** What runs on the fleet's instances. */
  readonly nodes: Nodes;
  readonly imageBuilder: ImageBuilderState;
  /** Client tokens: what was asked for with them, and what came of it. */
  readonly tokens: Map<string, { readonly request: string; readonly id: string }>;
  readonly kmsKeyUsable: (arn: string, region: string) => boolean;
  readonly defaultKey: (call: Call) => string;
  /** How long a new snapshot stays unknown to PutSnapshotBlock. */
  dataPlaneLagMs: number;
  /** How long something new is missing from Describe calls. */
  describeLagMs: number;
  completionMs: number;
  registerMs: number;
  copyMs: number;
  /** Every snapshot ends as error. */
  snapshotsFail: boolean;
  /** Regions where copies fail, with the reason. */
  readonly failingCopies: Map<string, string>;
  /** false forgets the bytes of blocks and keeps their digests, for large uploads. */
  keepBlocks: boolean;
}

export interface Snapshot {
  readonly id: string;
  readonly region: string;
  readonly account: string;
  readonly volumeGiB: number;
  readonly description: string;
  readonly tags: Map<string, string>;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | undefined;
  readonly parent: Snapshot | undefined;
  readonly startedAt: number;
  readonly expiresAt: number;
  completedAt: number | undefined;
  failed: boolean;
  readonly blocks: Map<number, { readonly data: Buffer; readonly digest: Buffer }>;
}

export interface Image {
  readonly id: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
  readonly description: string;
  readonly tags: Map<string, string>;
  readonly createdAt: number;
  readonly availableAt: number;
  readonly failure: string | undefined;
  readonly snapshotId: string;
  /** Members of DescribeImages' Image that are as registered. */
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly source: { readonly id: string; readonly region: string } | undefined;
  readonly permissions: Permission[];
  deregisteredAt: number | undefined;
  deprecateAt: Date | undefined;
  protection: "enabled" | "disabled" | "enabled-with-cooldown";
  disabled: boolean;
}

export interface Permission {
  readonly UserId?: string;
  readonly OrganizationArn?: string;
  readonly OrganizationalUnitArn?: string;
}

export interface Parameter {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  readonly versions: { readonly value: string; readonly dataType: string; readonly at: number }[];
}

export interface Instance {
  readonly id: string;
  readonly region: string;
  readonly imageId: string;
  state: "pending" | "running" | "stopping" | "stopped" | "terminated";
}

export interface LaunchTemplate {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly versions: {
    readonly number: number;
    readonly imageId: string;
    readonly data?: RequestLaunchTemplateData;
    readonly description?: string;
  }[];
  /** 1 when not given. */
  defaultVersion?: number;
}

export interface Group {
  readonly name: string;
  readonly region: string;
  readonly launchTemplate: { readonly id: string; readonly version: string };
  /** Images that overrides of a mixed instances policy name. */
  readonly overrideImages: readonly string[];
}

export function createWorld(): World {
  return {
    newId: createIds(),
    regions: ["ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"],
    snapshots: new Map(),
    images: new Map(),
    parameters: new Map(),
    instances: [],
    launchTemplates: [],
    groups: [],
    fleet: createFleet(),
    nodes: createNodes(),
    imageBuilder: createImageBuilderState(),
    tokens: new Map(),
    kmsKeyUsable: (arn, region) => arn.split(":")[3] === region,
    defaultKey: ({ region, account }) =>
      `arn:aws:kms:${region}:${account}:key/00000000-0000-4000-8000-00000000000a`,
    dataPlaneLagMs: 0,
    describeLagMs: 0,
    completionMs: 20_000,
    registerMs: 5000,
    copyMs: 300_000,
    snapshotsFail: false,
    failingCopies: new Map(),
    keepBlocks: true,
  };
}

export function snapshotState(snapshot: Snapshot, now: number): "pending" | "completed" | "error" {
  if (snapshot.completedAt === undefined) return now >= snapshot.expiresAt ? "error" : "pending";
  if (now < snapshot.completedAt) return "pending";
  return snapshot.failed ? "error" : "completed";
}

export function imageState(image: Image, now: number): "pending" | "available" | "failed" | "disabled" {
  if (now < image.availableAt) return "pending";
  if (image.failure !== undefined) return "failed";
  return image.disabled ? "disabled" : "available";
}
