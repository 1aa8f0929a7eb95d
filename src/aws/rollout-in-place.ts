import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import { findAlarm, findWaveTrouble } from "./rollout-in-place-gate.ts";
import type { InPlacePlan } from "./rollout-in-place-plan.ts";
import { goBack, type NodeResult, type NodeState, type Results, runWave } from "./rollout-in-place-wave.ts";
import type { Sighting } from "./instance-refresh-watch.ts";

export interface NodeOutcome {
  readonly instanceId: string;
  readonly state: NodeState;
  readonly reason: string;
  /** What the last command printed on the node; empty when it was sent none. */
  readonly output: string;
}

export interface InPlaceOutcome {
  readonly status: "succeeded" | "rolled-back" | "failed";
  /** Why it went no further; null when it succeeded. */
  readonly trouble: string | null;
  /** What became of each instance, in the order of the waves; instances of later waves are `untouched`. */
  readonly nodes: readonly NodeOutcome[];
  readonly timeline: readonly Sighting[];
}

/**
 * Carries the waves out. Stops at the first node that fails, at an alarm, and where a page does not answer; what was changed
 * then goes back, one reboot each, when asked to.
 */
export async function applyInPlace(context: Context, aws: Aws, plan: InPlacePlan): Promise<InPlaceOutcome> {
  const results: Results = new Map();
  const timeline: Sighting[] = [];
  const total = plan.waves.flat().length;
  const see = (status: string, reason: string | null): void => {
    const done = [...results.values()].filter(({ state }) => state === "running").length;
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    const at = new Date(aws.clock.now()).toISOString();
    timeline.push({ at, status, percent, toUpdate: total - done, reason });
  };
  see("InProgress", null);
  let trouble = await findAlarm(aws, plan);
  for (const [index, wave] of plan.waves.entries()) {
    if (trouble !== undefined) break;
    const name = `wave ${index + 1} of ${plan.waves.length}`;
    const title = `${name} of ${plan.group}: ${wave.length} nodes`;
    trouble = await runStep(context, `wave ${index + 1} of ${plan.group}`, title, async () => {
      for (const [id, result] of await runWave(context, aws, plan, wave)) results.set(id, result);
      const value =
        badOf(wave, results) ??
        (await findWaveTrouble(context, aws, plan, wave, results)) ??
        badOf(wave, results);
      return { value, note: value ?? "all healthy" };
    });
    see(trouble === undefined ? "InProgress" : "Failed", `${name}: ${trouble ?? wave.join(", ")}`);
  }
  if (trouble !== undefined && plan.autoRollback) await goBack(context, aws, plan, results);
  const nodes = plan.waves.flat().map((instanceId) => ({
    instanceId,
    ...shown(results.get(instanceId) ?? { state: "untouched", reason: "its wave did not come" }),
  }));
  if (trouble === undefined) return { status: "succeeded", trouble: null, nodes, timeline };
  const isBack = nodes.every(({ state }) => ["untouched", "fell-back", "rolled-back"].includes(state));
  if (isBack) see("RollbackSuccessful", "every node that was changed runs again what it ran before");
  return { status: isBack ? "rolled-back" : "failed", trouble, nodes, timeline };
}

/** The nodes of a wave that do not run what they should, in one line. */
function badOf(wave: readonly string[], results: Results): string | undefined {
  const bad = wave.flatMap((id) => {
    const result = results.get(id);
    return result === undefined || result.state === "running"
      ? []
      : [`${id} ${result.state}: ${result.reason}`];
  });
  return bad.length === 0 ? undefined : bad.join("; ");
}

function shown({ state, reason, output = "" }: NodeResult): Omit<NodeOutcome, "instanceId"> {
  return { state, reason, output };
}
