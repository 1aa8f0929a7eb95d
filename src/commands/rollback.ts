import { type InstanceRollback, rollbackInstance } from "../aws/rollback-instance.ts";
import type { Aws } from "../aws/apis.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { rollbackHost, type RollbackResult } from "../disk/rollback-host.ts";
import { loadProject } from "./project.ts";
import { requireRollout } from "./rollout-project.ts";

export interface RollbackOptions {
  /** `ssh://user@host:port` */
  readonly host: string;
  readonly reboot: boolean;
  /** Private key file; ssh's own choice when not given. */
  readonly key: string | undefined;
  /** Host keys to believe; the user's own when not given. */
  readonly knownHosts?: string | undefined;
}

/** Makes the previous deployment of a node its default; with `reboot` waits until the node has started it. */
export function rollback(
  context: Context,
  { host, reboot, key, knownHosts }: RollbackOptions,
): Promise<RollbackResult> {
  return step(context, host, reboot, () => {
    const login = {
      ...(key === undefined ? {} : { key }),
      ...(knownHosts === undefined ? {} : { knownHosts }),
    };
    return rollbackHost(context, host, { reboot, ...login });
  });
}

/** Tells the id of an instance from the address of a host. */
export function isInstanceId(host: string): boolean {
  return /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/u.test(host);
}

export interface InstanceRollbackOptions {
  /** Id of an instance. */
  readonly host: string;
  readonly reboot: boolean;
  /** Where it is; the regions of the project's rollout when not given. */
  readonly region: string | undefined;
}

/** `rollback` of an instance by SSM, with no way to it but its agent. */
export async function rollbackBySsm(
  context: Context,
  folder: string,
  { host, reboot, region }: InstanceRollbackOptions,
  aws: Aws = openAws(context),
): Promise<InstanceRollback> {
  const regions = region === undefined ? await projectRegions(folder) : [region];
  return step(context, host, reboot, () => rollbackInstance(context, aws, host, { regions, reboot }));
}

async function projectRegions(folder: string): Promise<readonly string[]> {
  const { groups } = requireRollout(await loadProject(folder));
  return [...new Set(groups.map(({ region }) => region))];
}

function step<T>(context: Context, host: string, reboot: boolean, body: () => Promise<T>): Promise<T> {
  const title = reboot ? `roll ${host} back and wait for its reboot` : `roll ${host} back`;
  return runStep(context, "rollback", title, async () => ({ value: await body() }));
}
