import type { Aws } from "../aws/apis.ts";
import { applyRollback, type RollbackOutcome } from "../aws/rollout-rollback.ts";
import { planRollback, type RollbackPlan } from "../aws/rollout-rollback-plan.ts";
import type { RollbackRequest } from "../aws/rollout-rollback-target.ts";
import { groupKey, type LockedRollout, type RolloutBuild, type RolloutSpec } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { chosenGroups, lockable } from "./rollout.ts";
import { saveOutcome } from "./rollout-records.ts";

export interface RollbackFleetOptions {
  readonly specName: string;
  readonly rollout: RolloutSpec;
  readonly builds: readonly RolloutBuild[];
  /** The lock's rollouts, newest first. */
  readonly rollouts: readonly LockedRollout[];
  readonly group: string;
  /** A build's id or its start. */
  readonly to?: string;
}

export interface PreparedRollback {
  readonly request: RollbackRequest;
  readonly plan: RollbackPlan;
}

/** Works out how a group goes back. Changes nothing. */
export async function prepareFleetRollback(
  context: Context,
  options: RollbackFleetOptions,
  aws: Aws = openAws(context),
): Promise<PreparedRollback> {
  const [group, second] = chosenGroups(options.rollout, [options.group]);
  if (group === undefined) throw new Error("no group was chosen");
  if (second !== undefined) {
    const places = [group, second].map(groupKey);
    throw new IgneousError("usage", `the spec has more than one group '${options.group}'`, {
      hint: `say which: igneous rollback --fleet ${places.join(", or --fleet ")}`,
    });
  }
  const {
    groups: _groups,
    strategy: _strategy,
    parallelGroups: _parallel,
    userDataStore: _store,
    ostree: _ostree,
    ...preferences
  } = options.rollout;
  const { specName, builds, rollouts, to } = options;
  const request = { specName, group, builds, rollouts, preferences, ...(to === undefined ? {} : { to }) };
  return { request, plan: await planRollback(context, aws, request) };
}

export interface FleetRollbackResult {
  readonly outcome: RollbackOutcome;
  /** For the lock's `rollouts[]`; empty when AWS turned a refresh around, which the rollout itself records. */
  readonly rollouts: readonly LockedRollout[];
  readonly failure: IgneousError | undefined;
}

/** Brings a group back as prepared. */
export async function rollbackFleet(
  context: Context,
  { request, plan }: PreparedRollback,
  folder: string,
  aws: Aws = openAws(context),
): Promise<FleetRollbackResult> {
  const outcome = await applyRollback(context, aws, request, plan);
  const made = outcome.rollout === undefined ? [] : [outcome.rollout];
  if (plan.kind === "new-rollout" && outcome.rollout !== undefined) {
    await saveOutcome(folder, plan.plan, outcome.rollout);
  }
  const why = outcome.explanation.map((line) => `\n  ${line}`).join("");
  const failure =
    outcome.status !== "failed"
      ? undefined
      : new IgneousError("rollout-failed", `${outcome.group} in ${outcome.region} could not go back:${why}`, {
          hint: `see what runs: igneous status --group ${groupKey({ name: outcome.group, region: outcome.region })}`,
        });
  return { outcome, rollouts: lockable(made), failure };
}
