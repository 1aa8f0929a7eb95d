import type { Aws } from "../aws/apis.ts";
import type { FleetStatus } from "../aws/fleet-status.ts";
import { renderFleetStatus } from "../aws/rollout-text.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { readLock } from "../lock/file.ts";
import { fleetStatus } from "./fleet-status.ts";
import { loadProject } from "./project.ts";
import { requireRollout, rolledBuilds } from "./rollout-project.ts";

export interface FleetProjectOptions {
  /** All groups of the spec when empty. */
  readonly groups: readonly string[];
  /** Ask each node by SSM which commit it booted. */
  readonly askNodes?: boolean | undefined;
}

/** How long a region may take before the others are shown without it. */
const patienceMs = 10_000;

/** Which instance of the project's groups runs which build, and where that is not what the lock says. */
export async function projectFleet(
  context: Context,
  folder: string,
  { groups, askNodes }: FleetProjectOptions,
  aws: Aws = openAws(context),
): Promise<FleetStatus> {
  const section = requireRollout(await loadProject(folder));
  const lock = await readLock(folder);
  const request = {
    rollout: section,
    builds: rolledBuilds(lock),
    rollouts: lock.rollouts ?? [],
    patienceMs,
    askNodes: askNodes === true,
    groups,
  };
  return fleetStatus(context, request, aws);
}

export interface Look {
  readonly status: FleetStatus;
  readonly text: string;
}

/** Looks again and again until the context is stopped. */
export async function watchFleet(
  context: Context,
  folder: string,
  options: FleetProjectOptions,
  show: (look: Look) => void,
  aws: Aws = openAws(context),
): Promise<never> {
  for (;;) {
    const status = await projectFleet(context, folder, options, aws);
    show({ status, text: renderFleetStatus(status) });
    await aws.clock.sleep(lookMs, context.signal);
  }
}

const lookMs = 5000;

export function renderFleet(status: FleetStatus): string {
  return renderFleetStatus(status);
}
