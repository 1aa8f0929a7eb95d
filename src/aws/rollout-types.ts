import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import type { Digest } from "../core/digest.ts";

export type RolloutStrategy = "replace" | "replace-root" | "in-place";

export type NodeRole = "control-plane" | "worker";

/** An Auto Scaling group that runs the image. */
export interface RolloutGroup {
  readonly name: string;
  readonly region: string;
  /** Control-plane groups go one node at a time, so that etcd keeps its quorum. */
  readonly role?: NodeRole;
  /** Variables of the launch template for this group's machines. */
  readonly variables?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** How a group is rolled. Times are seconds, shares are percent of the desired capacity. */
export interface RolloutPreferences {
  readonly minHealthyPercentage?: number;
  readonly maxHealthyPercentage?: number;
  readonly instanceWarmup?: number;
  readonly checkpointPercentages?: readonly number[];
  readonly checkpointDelay?: number;
  readonly bakeTime?: number;
  /** Names of CloudWatch alarms. */
  readonly alarms?: readonly string[];
  readonly scaleInProtected?: "Refresh" | "Ignore" | "Wait";
  readonly standby?: "Terminate" | "Ignore" | "Wait";
  /** Go back by itself when the refresh fails or an alarm rings; true when not given. */
  readonly autoRollback?: boolean;
  readonly health?: RolloutHealth;
}

/** Health beyond EC2's, asked of each node that was rolled. */
export interface RolloutHealth {
  /** The node's own boot check has passed, by SSM. */
  readonly node?: boolean;
  /** URL with `{address}` that answers 2xx. */
  readonly http?: string;
  readonly withinSeconds?: number;
}

/** Section `rollout:` of the spec. */
export interface RolloutSpec extends RolloutPreferences {
  /** In the order in which they are rolled. */
  readonly groups: readonly RolloutGroup[];
  readonly strategy?: RolloutStrategy;
  /** How many worker groups may be rolled at once; control-plane groups go one by one. */
  readonly parallelGroups?: number;
  /** Static OSTree repo that nodes pull from. */
  readonly ostree?: string;
  /** `s3://BUCKET/PREFIX` for launch configs that EC2 cannot take as user data. */
  readonly userDataStore?: string;
}

/** A build of the lock, as far as a rollout needs it. */
export interface RolloutBuild {
  readonly id: string;
  readonly amis: readonly { readonly region: string; readonly amiId: string }[];
}

/** What is wanted: which image, on which groups, and how. */
export interface RolloutRequest {
  readonly specName: string;
  readonly target: RolloutTarget;
  readonly groups: readonly RolloutGroup[];
  readonly strategy: RolloutStrategy;
  readonly preferences: RolloutPreferences;
  /** All builds of the lock, newest first: they give AMIs their names. */
  readonly builds: readonly RolloutBuild[];
  /** Launch Ignition by {@link groupKey}; where there is none, instances keep the user data that they have now. */
  readonly launchConfigs?: Readonly<Record<string, string>>;
  /** {@link groupKey} → launch template version that is used as it is; for the way back. */
  readonly templateVersions?: Readonly<Record<string, KnownVersion>>;
  /** How many worker groups may be rolled at once; 1 when not given. */
  readonly parallelGroups?: number;
  readonly userDataStore?: string;
  /** What is recorded already: rollouts of the lock, newest first, and those that this machine began. */
  readonly rollouts?: readonly LockedRollout[];
}

/** What tells a group from those of the same name in other regions. */
export function groupKey({ name, region }: Pick<RolloutGroup, "name" | "region">): string {
  return `${region}/${name}`;
}

/** A launch template version that exists. */
export interface KnownVersion {
  readonly version: number;
  readonly data: RequestLaunchTemplateData;
}

/** A build of the lock, or an AMI that the lock does not name and the reason for taking it all the same. */
export type RolloutTarget =
  | { readonly kind: "build"; readonly build: RolloutBuild }
  | {
      readonly kind: "unlocked";
      readonly amiId: string;
      readonly region: string;
      readonly reason: string;
    };

/** How a rollout of one group ended, or that it goes on. */
export type RolloutStatus =
  | "in-progress"
  | "succeeded"
  | "unchanged"
  | "failed"
  | "cancelled"
  | "rolled-back"
  | "rollback-failed";

/** One group's rollout, as the lock's `rollouts[]` keeps it, newest first. */
export interface LockedRollout {
  /** Id of the instance refresh; for other strategies, one of our own. */
  readonly id: string;
  readonly group: string;
  readonly region: string;
  readonly strategy: RolloutStrategy;
  readonly status: RolloutStatus;
  /** Digest of the plan that was confirmed. */
  readonly plan: Digest;
  /** Absent when the AMI is not of the lock. */
  readonly buildId?: string;
  readonly amiId: string;
  /** Why an AMI was taken that the lock does not name. */
  readonly unlockedReason?: string;
  /** What the group ran before, and what `rollback` returns to. */
  readonly previous?: { readonly buildId?: string; readonly amiId: string; readonly version: number };
  readonly launchTemplate: { readonly id: string; readonly version: number };
  /** This rollout is the way back from that one. */
  readonly rollbackOf?: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** What AWS said last. */
  readonly reason?: string;
}
