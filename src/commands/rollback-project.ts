import type { Aws } from "../aws/apis.ts";
import { planSize, renderRollbackPlan } from "../aws/rollout-text.ts";
import type { LockedRollout } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { readLock } from "../lock/file.ts";
import { loadProject } from "./project.ts";
import {
  type FleetRollbackResult,
  prepareFleetRollback,
  type PreparedRollback,
  rollbackFleet,
} from "./rollback-fleet.ts";
import { requireRollout, rolledBuilds } from "./rollout-project.ts";
import { begunRollouts, recordRollouts } from "./rollout-records.ts";

/** Works out how a group of the project goes back. The lock need not match the spec: going back must always be possible. */
export async function planProjectRollback(
  context: Context,
  folder: string,
  { group, to }: { readonly group: string; readonly to?: string | undefined },
  aws: Aws = openAws(context),
): Promise<PreparedRollback> {
  const section = requireRollout(await loadProject(folder));
  const lock = await readLock(folder);
  return prepareFleetRollback(
    context,
    {
      specName: lock.name,
      rollout: section,
      builds: rolledBuilds(lock),
      rollouts: lock.rollouts ?? [],
      group,
      ...(to === undefined ? {} : { to }),
    },
    aws,
  );
}

/** A way back as text and as data; without the state, which holds user data. */
export function describeRollback(prepared: PreparedRollback): {
  readonly text: string;
  readonly data: object;
  readonly question: string;
} {
  const { plan, request } = prepared;
  const { name, region } = request.group;
  const what = plan.kind === "in-flight" ? "" : `, ${planSize(plan.plan)} instances`;
  return {
    text: renderRollbackPlan(request.group, plan),
    data: plan.kind === "in-flight" ? plan : { kind: plan.kind, why: plan.why, plan: plan.plan },
    question: `bring ${name} in ${region} back${what}?`,
  };
}

/** Brings a group back and records it, also when it was a rollout under way that was turned around. */
export async function rollbackProject(
  context: Context,
  folder: string,
  prepared: PreparedRollback,
  aws: Aws = openAws(context),
): Promise<FleetRollbackResult> {
  const begun = await begunRollouts(folder);
  const result = await rollbackFleet(context, prepared, folder, aws);
  const { outcome } = result;
  const turned = begun.find(({ id, region }) => id === outcome.refreshId && region === outcome.region);
  const ended: LockedRollout | undefined =
    turned === undefined || result.rollouts.length > 0
      ? undefined
      : {
          ...turned,
          status: outcome.status === "returned" ? "rolled-back" : outcome.status,
          endedAt: new Date(aws.clock.now()).toISOString(),
          reason: outcome.explanation[0] ?? "brought back by igneous rollback",
        };
  await recordRollouts(context, folder, ended === undefined ? result.rollouts : [ended]);
  return result;
}
