import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import type { GroupState } from "./fleet-status-types.ts";
import type { Sighting } from "./instance-refresh-watch.ts";
import type { GroupPlan } from "./rollout-plan-types.ts";
import { runWave } from "./rollout-root-wave.ts";
import type { RolloutStrategy } from "./rollout-types.ts";

/** Whether root volumes are replaced in waves of our own: AWS's refresh does so only with a mixed instances policy that names AMIs. */
export function rollsOwnRoots(
  { mixed }: { readonly mixed?: GroupState["mixed"] | undefined },
  strategy: RolloutStrategy,
): boolean {
  return strategy === "replace-root" && mixed === undefined;
}

export interface RootWaves {
  readonly status: "succeeded" | "failed" | "rolled-back";
  readonly timeline: readonly Sighting[];
  readonly explanation: readonly string[];
}

/**
 * Gives instances the new root volume, so many at a time as the plan says: out of service, replaced, checked by EC2 and by
 * the gate, back into service. When one does not come back healthy, those that were changed get the old image again.
 */
export async function replaceRoots(
  context: Context,
  aws: Aws,
  group: GroupState,
  plan: GroupPlan,
): Promise<RootWaves> {
  const timeline: Sighting[] = [];
  const ids = plan.instances.filter(({ action }) => action === "replace").map(({ instanceId }) => instanceId);
  const waves = wavesOf(ids, plan);
  const done: string[] = [];
  const see = (status: string, reason: string | null): void => {
    const percent = ids.length === 0 ? 100 : Math.floor((100 * done.length) / ids.length);
    const at = new Date(aws.clock.now()).toISOString();
    timeline.push({ at, status, percent, toUpdate: ids.length - done.length, reason });
  };
  see("InProgress", null);
  for (const [index, wave] of waves.entries()) {
    const name = `wave ${index + 1} of ${waves.length} of ${group.name}`;
    const trouble = await runStep(context, name, `${name}: ${wave.join(" ")}`, async () => {
      const value = await runWave(context, aws, group, plan, wave, plan.amiId);
      return { value, note: value ?? "all healthy" };
    });
    if (trouble === undefined) {
      done.push(...wave);
      see("InProgress", `${name}: ${wave.join(", ")}`);
      continue;
    }
    see("Failed", trouble);
    const { amiId, possible } = plan.wayBack;
    if (!plan.preferences.autoRollback || !possible || amiId === null) {
      return { status: "failed", timeline, explanation: [trouble] };
    }
    const changed = [...done, ...wave];
    context.emit({
      type: "warning",
      message: `${group.name}: ${trouble}; ${changed.length} instances go back`,
    });
    let stuck: string | undefined;
    for (const back of wavesOf(changed.toReversed(), plan)) {
      stuck ??= await runWave(context, aws, group, plan, back, amiId);
    }
    done.length = 0;
    see(stuck === undefined ? "RollbackSuccessful" : "RollbackFailed", stuck ?? null);
    const explanation = stuck === undefined ? [trouble] : [trouble, `the way back: ${stuck}`];
    return { status: stuck === undefined ? "rolled-back" : "failed", timeline, explanation };
  }
  see("Successful", null);
  return { status: "succeeded", timeline, explanation: [] };
}

function wavesOf(
  ids: readonly string[],
  { capacity, preferences }: GroupPlan,
): readonly (readonly string[])[] {
  const size = Math.max(1, capacity.atOnce);
  const share = preferences.checkpointPercentages[0] ?? 100;
  const first = Math.max(1, Math.min(size, Math.ceil((share * capacity.desired) / 100)));
  const waves: (readonly string[])[] = [];
  for (let at = 0; at < ids.length; ) {
    const count = waves.length === 0 ? first : size;
    waves.push(ids.slice(at, at + count));
    at += count;
  }
  return waves;
}
