import type { DesiredConfiguration } from "@aws-sdk/client-auto-scaling";

export type RefreshStatus =
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

/** Preferences with their defaults filled in. */
export interface Preferences {
  readonly min: number;
  readonly max: number | undefined;
  readonly warmup: number;
  readonly checkpoints: readonly number[] | undefined;
  readonly checkpointDelay: number;
  readonly skipMatching: boolean;
  readonly autoRollback: boolean;
  readonly scaleInProtected: "Refresh" | "Ignore" | "Wait";
  readonly standby: "Terminate" | "Ignore" | "Wait";
  readonly alarms: readonly string[];
  readonly bakeTime: number;
}

export interface Refresh {
  readonly id: string;
  readonly strategy: "Rolling" | "ReplaceRootVolume";
  readonly desired: DesiredConfiguration | undefined;
  readonly preferences: Preferences;
  /** The preferences as DescribeInstanceRefreshes gives them back. */
  readonly echoed: object;
  readonly requestedAt: number;
  status: RefreshStatus;
  reason: string | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  percent: number;
  toUpdate: number;
  /** Instances that this refresh launched, or whose root volume it replaced. */
  readonly launched: Set<string>;
  /** Instances that need no replacement. */
  readonly kept: Set<string>;
  /** The share of the group that the next checkpoint wants. */
  checkpoint: number;
  checkpointAt: number | undefined;
  progressAt: number;
  readyBefore: number;
  bakeUntil: number | undefined;
  nextLaunchAt: number;
  waitForTransitions: boolean;
  rollback:
    | {
        readonly reason: string;
        readonly at: number;
        readonly percent: number;
        readonly toUpdate: number;
      }
    | undefined;
}

const activeStatuses: readonly RefreshStatus[] = [
  "Pending",
  "InProgress",
  "Baking",
  "Cancelling",
  "RollbackInProgress",
];

/** The refresh of a group that is under way; there is at most one. */
export function activeRefresh({
  refreshes,
}: {
  readonly refreshes: readonly Refresh[];
}): Refresh | undefined {
  return refreshes.find(({ status }) => activeStatuses.includes(status));
}
