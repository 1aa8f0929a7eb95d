import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import type { Sighting } from "./instance-refresh-watch.ts";
import { readNodes, runOnNodes } from "./rollout-nodes.ts";

/** A rollout that keeps the instances and moves their OSTree deployment, in waves of our own. */
export interface InPlacePlan {
  readonly group: string;
  readonly region: string;
  /** Host commit of the build. Nodes pull exactly this checksum, so the server need not be trusted. */
  readonly commit: string;
  /** Static OSTree repo, https. */
  readonly url: string;
  readonly waves: readonly (readonly string[])[];
  /** What the group launches, which stays as it is. */
  readonly runs: GroupRuns;
  /** Seconds between waves, after which a wave is looked at again. */
  readonly bakeTime: number;
  readonly autoRollback: boolean;
}

export interface GroupRuns {
  readonly amiId: string;
  readonly template: { readonly id: string; readonly version: number };
}

interface InPlaceRequest {
  readonly group: string;
  readonly region: string;
  readonly commit: string;
  readonly url: string;
  readonly instanceIds: readonly string[];
  readonly runs: GroupRuns;
  readonly minHealthyPercentage: number;
  /** Size of the first wave, in percent; so that little is at risk first. */
  readonly firstPercentage?: number;
  readonly oneAtATime: boolean;
  readonly bakeTime: number;
  readonly autoRollback: boolean;
}

/** Splits instances into waves that keep the wanted share in service. Pure. */
export function planInPlace(request: InPlaceRequest): InPlacePlan {
  const { group, region, commit, url, instanceIds, runs, bakeTime, autoRollback } = request;
  if (!/^[0-9a-f]{64}$/u.test(commit)) throw new Error(`${commit} is no commit`);
  if (!/^https?:\/\/[\w.:[\]/~%-]+$/u.test(url)) {
    throw new IgneousError("input-invalid", `'${url}' is not the address of a static OSTree repo`, {
      hint: "give an https address without spaces or quotes",
    });
  }
  const total = instanceIds.length;
  const spare = total - Math.ceil((request.minHealthyPercentage * total) / 100);
  const size = request.oneAtATime ? 1 : Math.max(1, spare);
  const first = Math.max(1, Math.min(size, Math.ceil(((request.firstPercentage ?? 100) * total) / 100)));
  const waves: string[][] = [];
  for (let at = 0; at < total; ) {
    const count = waves.length === 0 ? first : size;
    waves.push(instanceIds.slice(at, at + count));
    at += count;
  }
  return { group, region, commit, url, waves, runs, bakeTime, autoRollback };
}

/** The script that brings a node to a commit and reboots it shortly after, so that its answer still gets out. */
export function deployScript({ commit, url }: Pick<InPlacePlan, "commit" | "url">): readonly string[] {
  return [
    "set -eu",
    `commit=${commit}`,
    `igneous-host deploy --from '${url}' "$commit"`,
    "systemd-run --quiet --on-active=5 systemctl reboot",
  ];
}

export const rollbackScript: readonly string[] = [
  "set -eu",
  "igneous-host rollback",
  "systemd-run --quiet --on-active=5 systemctl reboot",
];

export interface NodeOutcome {
  readonly instanceId: string;
  readonly state: NodeState;
  readonly reason: string;
  /** What the last command printed on the node; empty when it was sent none. */
  readonly output: string;
}

export interface InPlaceOutcome {
  readonly status: "succeeded" | "rolled-back" | "failed";
  /** What became of each instance, in the order of the waves; instances of later waves are `untouched`. */
  readonly nodes: readonly NodeOutcome[];
  readonly timeline: readonly Sighting[];
}

type NodeState = "running" | "untouched" | "failed" | "fell-back" | "rolled-back";

/** Three boots of a deployment that never becomes healthy, ten minutes each, and the boot of the one before. */
const settleWithinMs = 50 * 60_000;
const firstLookMs = 1000;
const lookMs = 15_000;

/** Carries the waves out. Stops at the first node that fails; what was changed goes back, one reboot each, when asked to. */
export async function applyInPlace(context: Context, aws: Aws, plan: InPlacePlan): Promise<InPlaceOutcome> {
  const results: Results = new Map();
  const timeline: Sighting[] = [];
  const total = plan.waves.flat().length;
  const see = (status: string, done: number, reason: string | null): void => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    timeline.push({
      at: new Date(aws.clock.now()).toISOString(),
      status,
      percent,
      toUpdate: total - done,
      reason,
    });
  };
  see("InProgress", 0, null);
  let good = true;
  for (const [index, wave] of plan.waves.entries()) {
    const title = `wave ${index + 1} of ${plan.waves.length} of ${plan.group}: ${wave.length} nodes`;
    good = await runStep(context, `wave ${index + 1} of ${plan.group}`, title, async () => {
      const found = await runWave(context, aws, plan, wave);
      for (const [id, result] of found) results.set(id, result);
      const bad = [...found.values()].filter(({ state }) => state !== "running").length;
      return { value: bad === 0, note: bad === 0 ? "all healthy" : `${bad} not healthy` };
    });
    const running = [...results.values()].filter(({ state }) => state === "running").length;
    see(
      good ? "InProgress" : "Failed",
      running,
      `wave ${index + 1} of ${plan.waves.length}: ${wave.join(", ")}`,
    );
    if (!good) break;
  }
  if (!good && plan.autoRollback) await goBack(context, aws, plan, results);
  const nodes = plan.waves.flat().map((instanceId) => ({
    instanceId,
    ...shown(results.get(instanceId) ?? { state: "untouched", reason: "its wave did not come" }),
  }));
  const isBack = nodes.every(({ state }) => ["untouched", "fell-back", "rolled-back"].includes(state));
  if (!good && isBack)
    see("RollbackSuccessful", 0, "every node that was changed runs again what it ran before");
  return { status: good ? "succeeded" : isBack ? "rolled-back" : "failed", nodes, timeline };
}

interface NodeResult {
  readonly state: NodeState;
  readonly reason: string;
  readonly output?: string;
  /** What it ran when its wave came. */
  readonly before?: string | null;
}

type Results = Map<string, NodeResult>;

function shown({ state, reason, output = "" }: NodeResult): Omit<NodeOutcome, "instanceId"> {
  return { state, reason, output };
}

async function runWave(
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
  const isGood = [...results.values()].every(({ state }) => state === "running");
  if (isGood && plan.bakeTime > 0) {
    await aws.clock.sleep(plan.bakeTime * 1000, context.signal);
    await waitForNodes(context, aws, region, wave, commit, results);
  }
  return results;
}

/** Waits until each node says that it runs the commit and has passed its own health check, or that it went back by itself. */
async function waitForNodes(
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
async function goBack(context: Context, aws: Aws, plan: InPlacePlan, results: Results): Promise<void> {
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
