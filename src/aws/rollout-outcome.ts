import type { Sighting } from "./instance-refresh-watch.ts";
import type { InstanceEvent } from "./rollout-activities.ts";
import type { NodeOutcome } from "./rollout-in-place.ts";
import type { LockedRollout, RolloutStatus } from "./rollout-types.ts";

export interface RolloutOutcome {
  readonly rollout: LockedRollout;
  readonly timeline: readonly Sighting[];
  /** Why it did not succeed; empty when it did. */
  readonly explanation: readonly string[];
  /** Strategy in-place: what became of each node, and what it printed. */
  readonly nodes?: readonly NodeOutcome[];
  /** What AWS did to instances meanwhile; none while it goes on. */
  readonly events?: readonly InstanceEvent[];
}

/** What an instance refresh's status means for its rollout. */
export function outcomeOf(status: string): RolloutStatus {
  switch (status) {
    case "Successful":
      return "succeeded";
    case "Cancelled":
      return "cancelled";
    case "RollbackSuccessful":
      return "rolled-back";
    case "RollbackFailed":
      return "rollback-failed";
    case "Failed":
      return "failed";
    default:
      return "in-progress";
  }
}
