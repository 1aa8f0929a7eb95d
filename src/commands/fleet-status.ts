import type { Aws } from "../aws/apis.ts";
import { describeFleet, type FleetStatus } from "../aws/fleet-status.ts";
import { askNodes } from "../aws/fleet-status-nodes.ts";
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
  /** Ask each node by SSM which commit it booted, too. */
  readonly askNodes?: boolean;
  /** Show the others without a region or a node that has not answered by then. */
  readonly patienceMs?: number;
}

/** Which instance runs which build, and where that is not what the lock says. With `--check`, drift exits 5. */
export async function fleetStatus(
  context: Context,
  options: FleetStatusOptions,
  aws: Aws = openAws(context),
): Promise<FleetStatus> {
  const groups = chosenGroups(options.rollout, options.groups);
  const state = await readFleet(context, aws, {
    groups,
    images: [],
    brief: true,
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  });
  const locked = { builds: options.builds, rollouts: options.rollouts, groups: options.rollout.groups };
  if (options.askNodes !== true) return describeFleet(state, locked);
  const asked = await askNodes(context, aws, state, options.patienceMs);
  return describeFleet(asked, locked);
}
