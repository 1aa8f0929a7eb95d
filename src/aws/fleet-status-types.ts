import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";

/** What AWS says of groups, read once, as plain values. */

export interface FleetState {
  readonly groups: readonly GroupState[];
  /** Groups that were asked for and are not there. */
  readonly missing: readonly { readonly name: string; readonly region: string }[];
  readonly images: readonly ImageState[];
  readonly alarms: readonly AlarmState[];
  /** Regions that could not be read, and the groups there that were asked for. */
  readonly failures: readonly {
    readonly region: string;
    readonly groups: readonly string[];
    readonly message: string;
  }[];
  /** API calls that it took. */
  readonly calls: number;
}

export interface GroupState {
  readonly name: string;
  readonly region: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly healthCheckType: string;
  readonly healthCheckGraceSeconds: number;
  readonly warmupSeconds?: number;
  readonly maintenance?: { readonly min: number; readonly max: number };
  readonly suspended: readonly string[];
  /** Lifecycle hooks; none in a brief reading. */
  readonly hooks: readonly HookState[];
  readonly hasWarmPool: boolean;
  readonly hasLoadBalancer: boolean;
  /** The launch template version that the group names: a number, `$Latest` or `$Default`. */
  readonly pinned?: string;
  /** Absent when the group uses a launch configuration, and in a brief reading. */
  readonly template?: GroupTemplate;
  /** Overrides of a mixed instances policy; absent without one. */
  readonly mixed?: MixedState;
  readonly instances: readonly InstanceState[];
  /** Newest first. */
  readonly refreshes: readonly RefreshState[];
}

export interface HookState {
  readonly name: string;
  readonly at: "launching" | "terminating";
  readonly timeoutSeconds: number;
  /** What happens when nobody answers in time. */
  readonly otherwise: "CONTINUE" | "ABANDON";
}

/** A CloudWatch alarm that was asked for; `missing` when there is none of the name. */
export interface AlarmState {
  readonly region: string;
  readonly name: string;
  readonly state: "OK" | "ALARM" | "INSUFFICIENT_DATA" | "missing";
}

export interface GroupTemplate {
  readonly id: string;
  readonly name: string;
  /** As the group has it: a number, `$Latest` or `$Default`. */
  readonly pinned: string;
  /** What that is now. */
  readonly version: number;
  readonly latest: number;
  readonly defaultVersion: number;
  readonly data: RequestLaunchTemplateData;
  /** Data of the newest version. */
  readonly latestData: RequestLaunchTemplateData;
}

export interface MixedState {
  /** The policy as AWS gives it, to be given back. */
  readonly policy: Readonly<Record<string, unknown>>;
  readonly overrides: readonly {
    readonly instanceType?: string;
    readonly imageId?: string;
    readonly hasRequirements: boolean;
    readonly hasOwnTemplate: boolean;
  }[];
}

export interface InstanceState {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly lifecycle: string;
  readonly healthy: boolean;
  readonly isProtected: boolean;
  readonly imageId?: string | undefined;
  readonly templateVersion?: number | undefined;
  /** None in a brief reading. */
  readonly launchedAt?: string | undefined;
  /** Private address. */
  readonly address?: string | undefined;
  /** OSTree commit that the node reported, where it was asked. */
  readonly commit?: string;
  /** Why the node did not say what it booted, where it was asked. */
  readonly silence?: string;
}

export type RefreshStatusName =
  | "Pending"
  | "InProgress"
  | "Baking"
  | "Successful"
  | "Failed"
  | "Cancelling"
  | "Cancelled"
  | "RollbackInProgress"
  | "RollbackSuccessful"
  | "RollbackFailed";

export interface RefreshState {
  readonly id: string;
  readonly status: RefreshStatusName;
  readonly reason?: string;
  readonly percent?: number;
  readonly toUpdate?: number;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly strategy: string;
  /** Launch template and version that it brings. */
  readonly desired?: { readonly templateId?: string; readonly version?: string; readonly imageId?: string };
  readonly checkpoints?: readonly number[];
  readonly rollback?: { readonly reason: string; readonly startedAt?: string; readonly percent?: number };
}

export interface ImageState {
  readonly region: string;
  readonly imageId: string;
  readonly state: string;
  readonly rootDevice?: string;
  /** GiB of the root volume. */
  readonly rootGiB?: number;
  readonly architecture?: string;
  readonly volumes: number;
}

const active: readonly RefreshStatusName[] = [
  "Pending",
  "InProgress",
  "Baking",
  "Cancelling",
  "RollbackInProgress",
];

export function isActiveRefresh({ status }: Pick<RefreshState, "status">): boolean {
  return active.includes(status);
}

/** The refresh that is under way in a group. */
export function activeRefreshOf({ refreshes }: GroupState): RefreshState | undefined {
  return refreshes.find(isActiveRefresh);
}
