import type { FleetStatus } from "../aws/fleet-status.ts";
import { renderFleetStatus } from "../aws/fleet-status-text.ts";
import type { Context } from "../core/context.ts";
import { readLock } from "../lock/file.ts";
import { watchRegions } from "./fleet-watch.ts";
import { loadProject } from "./project.ts";
import { chosenGroups } from "./rollout.ts";
import { requireRollout, rolledBuilds } from "./rollout-project.ts";

export interface FleetProjectOptions {
  /** All groups of the spec when empty. */
  readonly groups: readonly string[];
  /** Ask each node by SSM which commit it booted. */
  readonly askNodes?: boolean | undefined;
  /** Look again and again until the context is stopped. */
  readonly again?: boolean | undefined;
}

/** How long a region or a node may be silent before the others are shown without it. */
const patienceMs = 10_000;

/**
 * Which instance of the project's groups runs which build, and where that is not what the lock says. `show` is given what
 * is known each time that more is.
 */
export async function projectFleet(
  context: Context,
  folder: string,
  { groups, askNodes, again }: FleetProjectOptions,
  show: (status: FleetStatus) => void,
): Promise<FleetStatus> {
  const section = requireRollout(await loadProject(folder));
  const watched = {
    groups: chosenGroups(section, groups),
    locked: async () => {
      const lock = await readLock(folder);
      return { builds: rolledBuilds(lock), rollouts: lock.rollouts ?? [], groups: section.groups };
    },
    askNodes: askNodes === true,
    patienceMs,
    lookMs: 5000,
  };
  return watchRegions(context, watched, show, again === true);
}

export function renderFleet(status: FleetStatus, rows?: number): string {
  return renderFleetStatus(status, rows);
}
