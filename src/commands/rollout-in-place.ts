import type { Aws } from "../aws/apis.ts";
import { readFleet } from "../aws/fleet-status-read.ts";
import { applyInPlace, type InPlaceOutcome } from "../aws/rollout-in-place.ts";
import { type InPlacePlan, planInPlace } from "../aws/rollout-in-place-plan.ts";
import { groupKey, type RolloutSpec } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { chosenGroups } from "./rollout.ts";

export interface InPlaceOptions {
  readonly rollout: RolloutSpec;
  /** A build of the lock. */
  readonly build: { readonly id: string; readonly hostCommit: string };
  /** Address of the static OSTree repo that has the build's commit. */
  readonly url: string;
  readonly groups?: readonly string[];
}

const defaultMinHealthy = 90;

/** Plans waves for each group, in the spec's order. Changes nothing. */
export async function prepareInPlace(
  context: Context,
  { rollout, build, url, groups: names }: InPlaceOptions,
  aws: Aws = openAws(context),
): Promise<readonly InPlacePlan[]> {
  const groups = chosenGroups(rollout, names);
  const { alarms = [] } = rollout;
  const state = await readFleet(context, aws, { groups, images: [], alarms });
  const problem =
    state.failures[0]?.message ?? state.missing.map(({ name }) => `there is no group ${name}`)[0];
  if (problem !== undefined) {
    throw new IgneousError("rollout-group-missing", problem, { hint: "correct rollout.groups in the spec" });
  }
  const bell = state.alarms.find((alarm) => alarm.state !== "OK");
  if (bell !== undefined) {
    const message = `alarm ${bell.name} in ${bell.region} is ${bell.state}`;
    throw new IgneousError("rollout-blocked", message, {
      hint: "nothing was changed; wait until it is OK, or take it out of rollout.alarms, and run the same command again",
    });
  }
  const first = rollout.checkpointPercentages?.[0];
  return state.groups.map(({ name, region, instances, template, mixed }) =>
    planInPlace({
      group: name,
      region,
      commit: build.hostCommit,
      url,
      instanceIds: instances
        .filter(({ lifecycle }) => lifecycle === "InService")
        .map(({ instanceId }) => instanceId),
      runs: {
        amiId:
          mixed?.overrides.find(({ imageId }) => imageId !== undefined)?.imageId ??
          template?.data.ImageId ??
          "",
        template: { id: template?.id ?? "", version: template?.version ?? 0 },
      },
      minHealthyPercentage: rollout.minHealthyPercentage ?? defaultMinHealthy,
      ...(first === undefined ? {} : { firstPercentage: first }),
      oneAtATime: groups.some((group) => group.name === name && group.role === "control-plane"),
      bakeTime: rollout.bakeTime ?? 0,
      autoRollback: rollout.autoRollback ?? true,
      alarms: rollout.alarms ?? [],
      ...(rollout.health === undefined ? {} : { health: rollout.health }),
    }),
  );
}

export interface InPlaceResult {
  readonly groups: readonly { readonly plan: InPlacePlan; readonly outcome: InPlaceOutcome }[];
  /** Thrown by the caller when the result is shown. */
  readonly failure: IgneousError | undefined;
}

/** Why a group was not moved, and what became of the nodes that did not take the commit or keep it. */
export function explainInPlace({ trouble, nodes }: InPlaceOutcome): readonly string[] {
  const bad = nodes.filter(({ state }) => state !== "running" && state !== "untouched");
  const lines = bad.map(({ instanceId, state, reason }) =>
    reason === "" ? `${instanceId} ${state}` : `${instanceId} ${state}: ${reason}`,
  );
  return trouble === null ? lines : [trouble, ...lines.filter((line) => !trouble.includes(line))];
}

/** Carries the plans out one after the other, and stops at the first that does not succeed. */
export async function rolloutInPlace(
  context: Context,
  plans: readonly InPlacePlan[],
  aws: Aws = openAws(context),
): Promise<InPlaceResult> {
  const groups: { readonly plan: InPlacePlan; readonly outcome: InPlaceOutcome }[] = [];
  for (const plan of plans) {
    const outcome = await applyInPlace(context, aws, plan);
    groups.push({ plan, outcome });
    if (outcome.status === "succeeded") continue;
    const lines = explainInPlace(outcome)
      .map((line) => `\n  ${line}`)
      .join("");
    const isBack = outcome.status === "rolled-back";
    const code = isBack ? "rollout-rolled-back" : "rollout-failed";
    const what = isBack ? "went back to what it ran" : "is left with nodes that failed";
    const failure = new IgneousError(code, `${plan.group} in ${plan.region} ${what}:${lines}`, {
      hint: `look at the nodes: igneous status --group ${groupKey({ name: plan.group, region: plan.region })} --nodes`,
    });
    return { groups, failure };
  }
  return { groups, failure: undefined };
}
