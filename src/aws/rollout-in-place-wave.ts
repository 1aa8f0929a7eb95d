import type { Context } from "../core/context.ts";
import type { Aws } from "./apis.ts";
import { deployScript, type InPlacePlan, rollbackScript } from "./rollout-in-place-plan.ts";
import { readNodes, runOnNodes } from "./rollout-nodes.ts";

export type NodeState = "running" | "untouched" | "failed" | "fell-back" | "rolled-back";

export interface NodeResult {
  readonly state: NodeState;
  readonly reason: string;
  readonly output?: string;
  /** What it ran when its wave came. */
  readonly before?: string | null;
}

export type Results = Map<string, NodeResult>;

/** Three boots of a deployment that never becomes healthy, ten minutes each, and the boot of the one before. */
const settleWithinMs = 50 * 60_000;
const firstLookMs = 1000;
const lookMs = 15_000;

/** Moves the nodes of one wave, and waits until each has said how that went. */
export async function runWave(
  context: Context,
  aws: Aws,
  plan: InPlacePlan,
  wave: readonly string[],
): Promise<Results> {
  const results: Results = new Map();
  const { region, commit } = plan;
  const before = new Map(
    (await readNodes(context, aws, region, wave)).map(({ instanceId, booted }) => [instanceId, booted]),
  );
  const already = new Set(wave.filter((id) => before.get(id) === commit));
  const comment = `igneous: deploy ${commit.slice(0, 12)}`;
  const rest = wave.filter((id) => !already.has(id));
  const outputs = new Map<string, string>();
  for (const { instanceId, ok, output } of await runOnNodes(
    context,
    aws,
    region,
    rest,
    deployScript(plan),
    comment,
  )) {
    if (!ok) results.set(instanceId, { state: "failed", reason: output.trim(), output });
    else outputs.set(instanceId, output);
  }
  const started = rest.filter((id) => !results.has(id));
  await waitForNodes(context, aws, region, started, commit, results);
  for (const id of started) {
    const result = results.get(id);
    if (result !== undefined) {
      results.set(id, { ...result, output: outputs.get(id) ?? "", before: before.get(id) ?? null });
    }
  }
  for (const id of already) results.set(id, { state: "running", reason: "ran it already" });
  return results;
}

/** Waits until each node says that it runs the commit and has passed its own health check, or that it went back by itself. */
export async function waitForNodes(
  context: Context,
  aws: Aws,
  region: string,
  ids: readonly string[],
  commit: string,
  results: Results,
): Promise<void> {
  const until = aws.clock.now() + settleWithinMs;
  let waiting = ids;
  for (let wait = firstLookMs; waiting.length > 0; wait = Math.min(lookMs, wait * 2)) {
    for (const node of await readNodes(context, aws, region, waiting)) {
      const { instanceId, booted, fellBack } = node;
      const isGood = booted === commit && node.firstBootComplete && node.isConfirmed;
      if (fellBack.includes(commit)) results.set(instanceId, { state: "fell-back", reason: fellBack });
      else if (isGood) results.set(instanceId, { state: "running", reason: "" });
      else continue;
      waiting = waiting.filter((id) => id !== instanceId);
    }
    if (waiting.length === 0) return;
    if (aws.clock.now() >= until) {
      for (const id of waiting)
        results.set(id, { state: "failed", reason: "did not come back with the commit in time" });
      return;
    }
    await aws.clock.sleep(wait, context.signal);
  }
}

/** One reboot each, and seen to have come back: a rollout that says so must not leave nodes on their way. */
export async function goBack(context: Context, aws: Aws, plan: InPlacePlan, results: Results): Promise<void> {
  const changed = new Map(
    [...results].flatMap(([id, { state, before }]) =>
      state === "running" && typeof before === "string" ? [[id, before] as const] : [],
    ),
  );
  if (changed.size === 0) return;
  for (const answer of await rollbackNodes(context, aws, plan.region, [...changed.keys()])) {
    const { instanceId, ok, output } = answer;
    if (ok) continue;
    results.set(instanceId, { state: "failed", reason: output.trim(), output });
    changed.delete(instanceId);
  }
  for (const commit of new Set(changed.values())) {
    const ids = [...changed.keys()].filter((id) => changed.get(id) === commit);
    const back: Results = new Map();
    await waitForNodes(context, aws, plan.region, ids, commit, back);
    for (const [id, { state, reason }] of back) {
      results.set(id, state === "running" ? { state: "rolled-back", reason: "" } : { state, reason });
    }
  }
}

/** Sends nodes back to their previous deployment: one reboot, no network needed. */
export function rollbackNodes(
  context: Context,
  aws: Aws,
  region: string,
  instanceIds: readonly string[],
): Promise<readonly { readonly instanceId: string; readonly ok: boolean; readonly output: string }[]> {
  return runOnNodes(context, aws, region, instanceIds, rollbackScript, "igneous: rollback");
}
