import type { Aws } from "../aws/apis.ts";
import type { RolloutOutcome } from "../aws/rollout-outcome.ts";
import type { InPlacePlan } from "../aws/rollout-in-place-plan.ts";
import { renderInPlace } from "../aws/rollout-text.ts";
import type { LockedRollout } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { type Digest, digestOf, shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { type LockedBuild } from "../lock/schema.ts";
import { findBuild } from "./build-id.ts";
import { loadProject, requireLock } from "./project.ts";
import { explainInPlace, prepareInPlace, rolloutInPlace } from "./rollout-in-place.ts";
import { requireRollout } from "./rollout-project.ts";
import { recordRollouts, saveOutcome } from "./rollout-records.ts";

export interface InPlaceProjectOptions {
  readonly build?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Address of the static OSTree repo, instead of the spec's. */
  readonly ostree?: string | undefined;
}

export interface PreparedInPlace {
  readonly specName: string;
  readonly build: Pick<LockedBuild, "id" | "hostCommit">;
  readonly plans: readonly InPlacePlan[];
  readonly digest: Digest;
  readonly text: string;
  readonly touched: number;
}

/** Plans to move the nodes of the project's groups to a build's commit, in waves. Changes nothing. */
export async function planProjectInPlace(
  context: Context,
  folder: string,
  { build: prefix, groups, ostree }: InPlaceProjectOptions,
  aws: Aws = openAws(context),
): Promise<PreparedInPlace> {
  const project = await loadProject(folder);
  const section = requireRollout(project);
  const lock = await requireLock(project);
  const { id, hostCommit } = findBuild(lock, prefix);
  const url = ostree ?? section.ostree;
  if (url === undefined) {
    throw new IgneousError("input-invalid", "nobody says where the nodes pull the commit from", {
      hint: "publish it with: igneous publish --ostree …, and name its address: rollout: { ostree: https://… }",
    });
  }
  const build = { id, hostCommit };
  const options = { rollout: section, build, url, ...(groups === undefined ? {} : { groups }) };
  const plans = await prepareInPlace(context, options, aws);
  // Not of the instances: a reviewed plan stays valid while the group breathes.
  const digest = digestOf(
    canonicalJson(plans.map(({ waves: _waves, ...plan }) => ({ ...plan, id }) as never)),
  );
  const touched = plans.flatMap(({ waves }) => waves.flat()).length;
  const text = renderInPlace(lock.name, shortDigest(id), plans, digest);
  return { specName: lock.name, build, plans, digest, text, touched };
}

export interface InPlaceProjectResult {
  readonly rollouts: readonly LockedRollout[];
  readonly failure: IgneousError | undefined;
}

/** Carries the waves out, group after group, and records each group's end in the lock. */
export async function inPlaceProject(
  context: Context,
  folder: string,
  prepared: PreparedInPlace,
  approved: Digest | undefined,
  aws: Aws = openAws(context),
): Promise<InPlaceProjectResult> {
  if (approved !== undefined && approved !== prepared.digest) {
    throw new IgneousError(
      "rollout-plan-changed",
      `the plan is ${prepared.digest} now; reviewed was ${approved}`,
      { hint: "review the new plan: igneous rollout --strategy in-place --plan" },
    );
  }
  const startedAt = new Date(aws.clock.now()).toISOString();
  const { groups, failure } = await rolloutInPlace(context, prepared.plans, aws);
  const outcomes = groups.map(({ plan, outcome }): RolloutOutcome => {
    const { group, region, runs } = plan;
    const explanation = explainInPlace(outcome);
    const rollout: LockedRollout = {
      id: `in-place-${startedAt.replaceAll(/[^0-9]/gu, "")}-${group}`,
      group,
      region,
      strategy: "in-place",
      status: outcome.status,
      plan: prepared.digest,
      buildId: prepared.build.id,
      amiId: runs.amiId,
      launchTemplate: runs.template,
      startedAt,
      endedAt: new Date(aws.clock.now()).toISOString(),
      ...(explanation[0] === undefined ? {} : { reason: explanation[0] }),
    };
    return { rollout, timeline: outcome.timeline, explanation, nodes: outcome.nodes };
  });
  const plan = {
    digest: prepared.digest,
    specName: prepared.specName,
    buildId: prepared.build.id,
    unlockedReason: null,
    strategy: "in-place" as const,
    groups: [],
    minutes: 0,
    blockers: [],
    cautions: [],
    cannotBeUndone: [],
  };
  for (const outcome of outcomes) await saveOutcome(folder, plan, outcome);
  const rollouts = outcomes.map(({ rollout }) => rollout).toReversed();
  await recordRollouts(context, folder, rollouts);
  return { rollouts, failure };
}
