import type { Aws } from "../aws/apis.ts";
import type { FleetStatus } from "../aws/fleet-status.ts";
import { renderFleetStatus } from "../aws/fleet-status-text.ts";
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

/** How long a region may be silent before the others are shown without it. */
const patienceMs = 10_000;

/** Which instance of the project's groups runs which build, and where that is not what the lock says. */
export async function projectFleet(
  context: Context,
  folder: string,
  options: FleetProjectOptions,
): Promise<FleetStatus> {
  const { aws, end } = openCalls(context);
  try {
    return await look(context, folder, options, aws);
  } finally {
    end();
  }
}

async function look(
  context: Context,
  folder: string,
  { groups, askNodes }: FleetProjectOptions,
  aws: Aws,
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

/** AWS whose calls can be ended: those to a region that nobody waits for any more would keep the program alive for minutes. */
function openCalls(context: Context): { readonly aws: Aws; readonly end: () => void } {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  return { aws: openAws({ ...context, signal }), end: () => over.abort() };
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
): Promise<never> {
  let calls = openCalls(context);
  for (;;) {
    const status = await look(context, folder, options, calls.aws);
    show({ status, text: renderFleetStatus(status) });
    await calls.aws.clock.sleep(lookMs, context.signal);
    if (status.failures.length === 0) continue;
    calls.end();
    calls = openCalls(context);
  }
}

const lookMs = 5000;

export function renderFleet(status: FleetStatus): string {
  return renderFleetStatus(status);
}
