import type { Context } from "../core/context.ts";
import type { Aws } from "./apis.ts";
import { readAlarms } from "./fleet-status-signals.ts";
import { createHealthGate } from "./rollout-health.ts";
import type { InPlacePlan } from "./rollout-in-place-plan.ts";
import { type Results, waitForNodes } from "./rollout-in-place-wave.ts";

/** How often alarms are looked at while a wave bakes. */
const lookMs = 15_000;

/**
 * What speaks against the wave that came after a wave whose nodes are healthy: its page that does not answer, an alarm
 * during the bake time, or a node that is not healthy any more when that is over, which `results` then says.
 */
export async function findWaveTrouble(
  context: Context,
  aws: Aws,
  plan: InPlacePlan,
  wave: readonly string[],
  results: Results,
): Promise<string | undefined> {
  const { group: name, region, commit } = plan;
  // The node's own check has passed: what is left to ask is the page.
  const { http, withinSeconds } = plan.health ?? {};
  if (http !== undefined) {
    const health = { http, ...(withinSeconds === undefined ? {} : { withinSeconds }) };
    const isOfWave = ({ instanceId }: { readonly instanceId: string }): boolean => wave.includes(instanceId);
    const trouble = await createHealthGate(context, aws, { name, region }, health, isOfWave).settle();
    if (trouble !== undefined) return trouble;
  }
  const until = aws.clock.now() + plan.bakeTime * 1000;
  for (let left = plan.bakeTime * 1000; ; left = until - aws.clock.now()) {
    const alarm = await findAlarm(aws, plan);
    if (alarm !== undefined) return alarm;
    if (left <= 0) break;
    await aws.clock.sleep(Math.min(left, lookMs), context.signal);
  }
  if (plan.bakeTime === 0) return undefined;
  const again: Results = new Map();
  await waitForNodes(context, aws, region, wave, commit, again);
  for (const [id, result] of again) results.set(id, { ...results.get(id), ...result });
  return undefined;
}

/** The first alarm that is not OK, as a sentence. */
export async function findAlarm(
  aws: Aws,
  { region, alarms }: Pick<InPlacePlan, "region" | "alarms">,
): Promise<string | undefined> {
  const states = await readAlarms(aws, region, alarms, () => undefined);
  const bad = states.find(({ state }) => state !== "OK");
  return bad === undefined ? undefined : `alarm ${bad.name} is ${bad.state}`;
}
