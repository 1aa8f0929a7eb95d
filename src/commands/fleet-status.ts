import type { Aws } from "../aws/apis.ts";
import { describeFleet, type FleetStatus } from "../aws/fleet-status.ts";
import { readFleet } from "../aws/fleet-status-read.ts";
import type { GroupState } from "../aws/fleet-status-types.ts";
import { readNodes } from "../aws/rollout-nodes.ts";
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
  /** Show the others without a region that has not answered by then. */
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
  if (options.askNodes !== true) return describeFleet(state, options);
  const asked = await Promise.all(state.groups.map((group) => withCommits(context, aws, group)));
  return describeFleet({ ...state, groups: asked }, options);
}

async function withCommits(context: Context, aws: Aws, group: GroupState): Promise<GroupState> {
  const ids = group.instances.map(({ instanceId }) => instanceId);
  const nodes = await readNodes(context, aws, group.region, ids);
  const commits = new Map(nodes.map(({ instanceId, booted }) => [instanceId, booted]));
  return {
    ...group,
    instances: group.instances.map((instance) => {
      const commit = commits.get(instance.instanceId) ?? undefined;
      return commit === undefined ? instance : { ...instance, commit };
    }),
  };
}
