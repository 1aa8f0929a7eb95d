import type { Digest } from "../core/digest.ts";
import type { FieldDifference } from "./launch-template.ts";
import type { NodeRole, RolloutHealth, RolloutStrategy } from "./rollout-types.ts";

/** What a rollout will do, as a plain value that can be reviewed and compared. It holds no secrets: user data is a digest. */
export interface RolloutPlan {
  /**
   * Digest of what will be done: image, template versions, preferences, way back. Not of what moves by itself
   * (instances, capacity), so that a reviewed plan stays valid while the group breathes.
   */
  readonly digest: Digest;
  readonly specName: string;
  readonly buildId: string | null;
  readonly unlockedReason: string | null;
  readonly strategy: RolloutStrategy;
  readonly groups: readonly GroupPlan[];
  /** A rough time for all groups, in their order. */
  readonly minutes: number;
  /** What stands in the way; a plan with blockers is not carried out. */
  readonly blockers: readonly PlanProblem[];
  readonly cautions: readonly PlanProblem[];
  readonly cannotBeUndone: readonly string[];
}

export interface PlanProblem {
  readonly group: string;
  readonly message: string;
  readonly hint?: string;
}

export interface GroupPlan {
  readonly name: string;
  readonly region: string;
  readonly role: NodeRole | null;
  readonly amiId: string;
  readonly template: {
    readonly id: string;
    readonly name: string;
    readonly from: number;
    /** Number that the next version will most likely get, or has already. */
    readonly to: number;
    /** `create` a version, or take one that says the same. */
    readonly action: "create" | "reuse";
    readonly differences: readonly FieldDifference[];
  };
  readonly instances: readonly InstancePlan[];
  readonly preferences: GroupPreferences;
  readonly capacity: CapacityPlan;
  readonly wayBack: WayBack;
}

export interface InstancePlan {
  readonly instanceId: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly state: string;
  readonly imageId: string | null;
  readonly buildId: string | null;
  readonly templateVersion: number | null;
  readonly action: "replace" | "keep" | "wait" | "ignore";
}

/** Preferences as they will be sent: nothing is left to AWS's defaults, which differ between API, console and CloudFormation. */
export interface GroupPreferences {
  readonly minHealthyPercentage: number;
  readonly maxHealthyPercentage: number | null;
  readonly instanceWarmup: number;
  readonly checkpointPercentages: readonly number[];
  readonly checkpointDelay: number;
  readonly bakeTime: number;
  readonly alarms: readonly string[];
  /** Asked of each node that was rolled, beyond EC2's health. */
  readonly health: RolloutHealth | null;
  readonly scaleInProtected: "Refresh" | "Ignore" | "Wait";
  readonly standby: "Terminate" | "Ignore" | "Wait";
  readonly autoRollback: boolean;
}

export interface CapacityPlan {
  readonly desired: number;
  /** Fewest instances in service at any time, and most that are paid for. */
  readonly lowest: number;
  readonly highest: number;
  readonly atOnce: number;
  readonly steps: number;
  /** A rough time: three minutes to launch and check, warm-up, checkpoints, bake. */
  readonly minutes: number;
}

/** What AutoRollback and `igneous rollback` return to. */
export interface WayBack {
  readonly version: number;
  readonly amiId: string | null;
  readonly buildId: string | null;
  readonly possible: boolean;
  readonly why: string | null;
}
