import { join } from "node:path";
import type { RolloutOutcome } from "../aws/rollout-outcome.ts";
import type { RolloutPlan } from "../aws/rollout-plan-types.ts";
import type { LockedRollout } from "../aws/rollout-types.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { parseJson, type Json, prettyJson } from "../core/json.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { listFiles } from "../host/folders.ts";
import { readLock, withProject, writeLock } from "../lock/file.ts";

/** What a rollout left behind on this machine, for its report. */
export interface RolloutRecord {
  readonly schemaVersion: 1;
  readonly plan: RolloutPlan;
  readonly outcome: RolloutOutcome;
}

function recordFolder(folder: string): string {
  return join(folder, ".igneous", "rollouts");
}

export function recordPath(folder: string, id: string): string {
  return join(recordFolder(folder), `${id.replaceAll(/[^\w.-]/gu, "_")}.json`);
}

/** Keeps what was seen of a rollout, over what was kept of it before. */
export async function saveOutcome(folder: string, plan: RolloutPlan, outcome: RolloutOutcome): Promise<void> {
  if (outcome.rollout.status === "unchanged") return;
  const record: RolloutRecord = { schemaVersion: 1, plan, outcome };
  await writeAtomic(recordPath(folder, outcome.rollout.id), prettyJson(record as unknown as Json));
}

/** Rollouts that were begun from here and whose end nobody has seen. */
export async function begunRollouts(folder: string): Promise<readonly LockedRollout[]> {
  const begun: LockedRollout[] = [];
  for (const name of await listFiles(recordFolder(folder))) {
    if (!name.endsWith(".json")) continue;
    const path = join(recordFolder(folder), name);
    const { rollout } = parseRecord(path, (await findText(path)) ?? "").outcome;
    if (rollout.status === "in-progress") begun.push(rollout);
  }
  return begun;
}

/** Adds rollouts that are over to the lock, newest first. What the lock has of the same id is replaced. */
export function recordRollouts(
  context: Context,
  folder: string,
  rollouts: readonly LockedRollout[],
): Promise<boolean> {
  return withProject(context, folder, async () => {
    // Read again: a rollout takes its time, and another igneous may have written meanwhile.
    const lock = await readLock(folder);
    const added = new Set(rollouts.map(({ id, region }) => `${region} ${id}`));
    const kept = (lock.rollouts ?? []).filter(({ id, region }) => !added.has(`${region} ${id}`));
    if (rollouts.length === 0) return false;
    return writeLock(folder, { ...lock, rollouts: [...rollouts.map((one) => ({ ...one })), ...kept] });
  });
}

export function parseRecord(path: string, text: string): RolloutRecord {
  const broken = (cause?: unknown): IgneousError =>
    new IgneousError("input-invalid", `${path} cannot be read as a rollout of schemaVersion 1`, {
      hint: `delete ${path}; the rollout itself is in the lock and in AWS`,
      cause,
    });
  return parseJson(text, isRecord, broken);
}

function isRecord(value: unknown): value is RolloutRecord {
  if (typeof value !== "object" || value === null) return false;
  const { schemaVersion, plan, outcome } = value as Readonly<Record<string, unknown>>;
  return (
    schemaVersion === 1 &&
    typeof plan === "object" &&
    plan !== null &&
    typeof outcome === "object" &&
    outcome !== null
  );
}
