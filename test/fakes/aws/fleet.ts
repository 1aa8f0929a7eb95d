import type { MixedInstancesPolicy } from "@aws-sdk/client-auto-scaling";
import type { Refresh } from "./refresh-state.ts";

/** Auto Scaling groups with their instances, as `group-engine.ts` moves them through time. */

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
