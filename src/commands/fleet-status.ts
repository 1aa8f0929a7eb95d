import type { Aws } from "../aws/apis.ts";
import { describeFleet, type FleetStatus } from "../aws/fleet-status.ts";
import { readFleet } from "../aws/fleet-status-read.ts";
import type { LockedRollout, RolloutBuild, RolloutSpec } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { chosenGroups } from "./rollout.ts";

export interface FleetStatusOptions {
  readonly rollout: RolloutSpec;
  readonly builds: readonly (RolloutBuild & { readonly hostCommit?: string })[];
  readonly rollouts: readonly LockedRollout[];
  readonly groups?: readonly string[];
}

/** Which instance runs which build, and where that is not what the lock says. With `--check`, drift exits 5. */
export async function fleetStatus(
  context: Context,
  options: FleetStatusOptions,
  aws: Aws = openAws(context),
): Promise<FleetStatus> {
  const groups = chosenGroups(options.rollout, options.groups);
  const state = await readFleet(context, aws, { groups, images: [], brief: true });
  return describeFleet(state, options);
}
