import type { LockCheck, LockResult } from "../commands/lock.ts";
import type { LockMerge } from "../commands/lock-merge.ts";
import { shortDigest } from "../core/digest.ts";
import { describeDifferences } from "../commands/project.ts";

/** What `igneous lock` did, one line an image. */
export function renderLockResult(result: LockResult): string {
  const lines = result.images.map(({ reference, manifestDigest, outcome, previousDigest }) => {
    const was =
      previousDigest === undefined || previousDigest === manifestDigest
        ? ""
        : ` (was ${shortDigest(previousDigest)})`;
    return `${outcome.padEnd(8)} ${reference} ${shortDigest(manifestDigest)}${was}`;
  });
  const { base } = result;
  lines.push(
    `${base.outcome.padEnd(8)} base ${base.suite}: ${base.packages} packages, ${base.tools} for the tools`,
  );
  for (const change of base.changes) lines.push(`           ${change}`);
  for (const { asked, region, amiId, outcome, previous } of result.sourceAmis) {
    const was = previous === undefined || previous === amiId ? "" : ` (was ${previous})`;
    lines.push(`${outcome.padEnd(8)} AMI ${asked} in ${region}: ${amiId}${was}`);
  }
  lines.push(result.changed ? "images.lock.json is written" : "images.lock.json is up to date");
  return `${lines.join("\n")}\n`;
}

/** What `igneous lock --check` found. */
export function renderLockCheck(result: LockCheck): string {
  if (result.differences.length === 0) return "images.lock.json matches the spec\n";
  return `images.lock.json does not match the spec:\n${describeDifferences(result.differences)}\n  next: igneous lock\n`;
}

/** What `igneous lock --merge` did. */
export function renderLockMerge({ changed, builds, rollouts }: LockMerge): string {
  if (!changed) return "images.lock.json has all of it already\n";
  const more = (count: number, noun: string): string => `${count} more ${noun}${count === 1 ? "" : "s"}`;
  return `images.lock.json has ${more(builds, "build")} and ${more(rollouts, "rollout")}\nnext: igneous lock --check\n`;
}
