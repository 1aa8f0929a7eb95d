import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { isActiveRefresh, type RefreshState } from "./fleet-status-types.ts";
import { findRefresh } from "./instance-refresh-read.ts";
import type { HealthGate } from "./rollout-health.ts";
import { stepName } from "./rollout-order.ts";
import { troubleOf } from "./retry.ts";
import { groupKey } from "./rollout-types.ts";

const firstPollMs = 1000;
const pollMs = 15_000;
/** A new refresh may be missing from answers for a while. */
const unseenMs = 120_000;
/** How long AWS may be out of reach before we stop looking; the refresh goes on without us. */
const blindMs = 30 * 60_000;

/** What was seen of a refresh when something about it changed. */
export interface Sighting {
  readonly at: string;
  readonly status: string;
  readonly percent: number | null;
  readonly toUpdate: number | null;
  readonly reason: string | null;
}

export interface WatchedRefresh {
  readonly refresh: RefreshState;
  readonly timeline: readonly Sighting[];
  /** What our own look at the nodes had against it; AWS may call the refresh successful all the same. */
  readonly unhealthy?: string;
}

/**
 * Follows a refresh to its end, over throttling and a lost network. When the context is stopped, the refresh goes on in
 * AWS: that, and how to come back to it, is told before the stop is passed on.
 */
export async function watchRefresh(
  context: Context,
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  id: string,
  gate?: HealthGate,
): Promise<WatchedRefresh> {
  const timeline: Sighting[] = [];
  const where = `${group.name} in ${group.region}`;
  let unhealthy: string | undefined;
  const found = (): { readonly unhealthy?: string } => (unhealthy === undefined ? {} : { unhealthy });
  try {
    let lastSeen = aws.clock.now();
    let isBlind = false;
    for (let wait = 0; ; wait = Math.min(pollMs, Math.max(firstPollMs, wait * 2))) {
      if (wait > 0) await aws.clock.sleep(wait, context.signal);
      const seen = await look(aws, group, id);
      const now = aws.clock.now();
      if (seen instanceof IgneousError) {
        if (now - lastSeen > blindMs) throw seen;
        if (!isBlind) {
          const message = `${where} cannot be seen (${seen.message}); the refresh goes on, igneous keeps looking`;
          context.emit({ type: "warning", message });
        }
        isBlind = true;
        continue;
      }
      if (seen === undefined) {
        if (now - lastSeen > unseenMs) throw goneError(where, id);
        continue;
      }
      if (isBlind) context.emit({ type: "note", message: `${where} can be seen again` });
      isBlind = false;
      lastSeen = now;
      record(context, timeline, stepName(group), seen, now);
      if (seen.status === "Successful" && unhealthy === undefined) unhealthy = await gate?.settle();
      if (!isActiveRefresh(seen)) return { refresh: seen, timeline, ...found() };
      if (unhealthy !== undefined || (seen.status !== "InProgress" && seen.status !== "Baking")) continue;
      unhealthy = await gate?.look();
      if (unhealthy !== undefined) await turnBack(context, aws, group, where, unhealthy);
    }
  } catch (error) {
    if (context.signal.aborted) {
      context.emit({
        type: "warning",
        message: `detached: instance refresh ${id} of ${where} goes on in AWS`,
        hint: `attach with the same command, look with: igneous status --group ${groupKey(group)}, go back with: igneous rollback --fleet ${groupKey(group)}`,
      });
    }
    throw error;
  }
}

/** Ends a refresh whose nodes are not healthy: AWS goes back, or stops where it cannot. */
async function turnBack(
  context: Context,
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  where: string,
  why: string,
): Promise<void> {
  context.emit({ type: "warning", message: `${where}: ${why}; the rollout is turned around` });
  const autoScaling = await aws.autoScaling(group.region);
  const named = { AutoScalingGroupName: group.name };
  try {
    await autoScaling.rollbackInstanceRefresh(named);
  } catch (error) {
    const code = awsErrorCode(error);
    if (code.startsWith("IrreversibleInstanceRefresh")) await autoScaling.cancelInstanceRefresh(named);
    else if (!code.startsWith("ActiveInstanceRefreshNotFound")) throw error;
  }
}

/** One look. Trouble that may pass is given back, not thrown. */
async function look(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  id: string,
): Promise<RefreshState | IgneousError | undefined> {
  try {
    return await findRefresh(aws, group, id);
  } catch (error) {
    if (!(error instanceof IgneousError)) throw error;
    if (awsErrorCode(error) === "ValidationError" && /not found/iu.test(error.message)) {
      throw new IgneousError(
        "rollout-failed",
        `${group.name} in ${group.region} was deleted while it was rolled`,
        { hint: "find out who deleted it; nothing is left to roll back", cause: error },
      );
    }
    const passing = error.code === "aws-unreachable" || troubleOf(error.cause) !== "final";
    if (passing) return error;
    throw error;
  }
}

function goneError(where: string, id: string): IgneousError {
  return new IgneousError("rollout-failed", `AWS does not show instance refresh ${id} of ${where}`, {
    hint: "look at the group: igneous status",
  });
}

function record(
  context: Context,
  timeline: Sighting[],
  step: string,
  refresh: RefreshState,
  now: number,
): void {
  const { status } = refresh;
  const percent = refresh.percent ?? null;
  const toUpdate = refresh.toUpdate ?? null;
  const reason = refresh.reason ?? null;
  const last = timeline.at(-1);
  const isSame = last?.status === status && last.percent === percent && last.toUpdate === toUpdate;
  if (!isSame) timeline.push({ at: new Date(now).toISOString(), status, percent, toUpdate, reason });
  context.emit({
    type: "step-progress",
    step,
    done: percent ?? 0,
    total: 100,
    unit: "items",
    note: reason === null ? status : `${status}: ${reason}`,
  });
}
