import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { rollbackHost, type RollbackResult } from "../disk/rollback-host.ts";

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
  const title = reboot ? `roll ${host} back and wait for its reboot` : `roll ${host} back`;
  return runStep(context, "rollback", title, async () => {
    const login = {
      ...(key === undefined ? {} : { key }),
      ...(knownHosts === undefined ? {} : { knownHosts }),
    };
    return { value: await rollbackHost(context, host, { reboot, ...login }) };
  });
}
