import type { Digest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { GroupState, RefreshState } from "./fleet-status-types.ts";
import type { RolloutOutcome } from "./rollout-outcome.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";
import { groupKey, type LockedRollout, type RolloutRequest, type RolloutStatus } from "./rollout-types.ts";

/** What a rollout's record is made from. */
export interface RecordedAs {
  readonly request: RolloutRequest;
  readonly groupPlan: GroupPlan;
  readonly planDigest: Digest;
  readonly startedAt: string;
  readonly rollbackOf: string | undefined;
}

interface Ended {
  readonly id: string;
  readonly version: number;
  readonly status: RolloutStatus;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly reason?: string;
}

/** One group's rollout as the lock keeps it. */
export function recordOf(
  { request, groupPlan, planDigest, startedAt, rollbackOf }: RecordedAs,
  { id, version, status, now, reason }: Ended,
): LockedRollout {
  const { target } = request;
  const { wayBack } = groupPlan;
  return {
    id,
    group: groupPlan.name,
    region: groupPlan.region,
    strategy: request.strategy,
    status,
    plan: planDigest,
    ...(target.kind === "build" ? { buildId: target.build.id } : { unlockedReason: target.reason }),
    amiId: groupPlan.amiId,
    ...(wayBack.amiId === null
      ? {}
      : {
          previous: {
            ...(wayBack.buildId === null ? {} : { buildId: wayBack.buildId }),
            amiId: wayBack.amiId,
            version: wayBack.version,
          },
        }),
    launchTemplate: { id: groupPlan.template.id, version },
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    startedAt,
    ...(status === "in-progress" ? {} : { endedAt: new Date(now).toISOString() }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A refresh that brought what the group runs and that no record says the end of, with what is known about its begin. */
export function findUnrecorded(
  { name, region, refreshes, template }: GroupState,
  version: number,
  rollouts: readonly LockedRollout[],
): { readonly refresh: RefreshState; readonly known: Partial<LockedRollout> } | undefined {
  const newest = refreshes.find(({ status }) => status === "Successful");
  const { desired } = newest ?? {};
  if (newest === undefined || desired?.templateId !== template?.id || desired?.version !== String(version)) {
    return undefined;
  }
  const mine = rollouts.filter((rollout) => rollout.group === name && rollout.region === region);
  if (mine.some(({ id, status }) => id === newest.id && status !== "in-progress")) return undefined;
  const begun = mine.find(({ id }) => id === newest.id);
  const before = mine.find(({ status }) => status === "succeeded");
  const previous =
    begun?.previous ??
    (before === undefined
      ? undefined
      : {
          ...(before.buildId === undefined ? {} : { buildId: before.buildId }),
          amiId: before.amiId,
          version: before.launchTemplate.version,
        });
  return {
    refresh: newest,
    known: {
      ...(begun === undefined ? {} : { plan: begun.plan }),
      ...(previous === undefined ? {} : { previous }),
      ...(newest.startedAt === undefined ? {} : { startedAt: newest.startedAt }),
      ...(newest.endedAt === undefined ? {} : { endedAt: newest.endedAt }),
    },
  };
}

/** What the caller throws when a rollout did not succeed, after the lock is written. */
export function rolloutFailure(outcomes: readonly RolloutOutcome[]): IgneousError | undefined {
  const bad = outcomes.find(({ rollout }) =>
    ["failed", "cancelled", "rolled-back", "rollback-failed"].includes(rollout.status),
  );
  if (bad === undefined) return undefined;
  const { rollout, explanation } = bad;
  const why = explanation.map((line) => `\n  ${line}`).join("");
  const where = `${rollout.group} in ${rollout.region}`;
  const called = groupKey({ name: rollout.group, region: rollout.region });
  if (rollout.status === "rolled-back") {
    const back = rollout.previous?.amiId ?? "what it ran before";
    return new IgneousError("rollout-rolled-back", `${where} went back to ${back}:${why}`, {
      hint: `look at the failed build, then roll out another; now: igneous status --group ${called}`,
    });
  }
  const mixed =
    rollout.status === "rollback-failed"
      ? "the way back failed as well"
      : `the rollout ${rollout.status === "cancelled" ? "was cancelled" : "failed"}`;
  return new IgneousError("rollout-failed", `${where}: ${mixed}; instances of both builds may run:${why}`, {
    hint: `see which: igneous status --group ${called}; go back with: igneous rollback --fleet ${called}`,
  });
}
