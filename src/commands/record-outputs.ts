import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { now } from "../host/clock.ts";
import { readLock, withProject, writeLock } from "../lock/file.ts";
import type { LockedBuild } from "../lock/schema.ts";
import { findGitRevision } from "./git-revision.ts";
import type { CommittedProject } from "./render-packer.ts";

/**
 * Records what another builder than qemu made: in the entry of the lock with the same id, whoever baked it, or in a new
 * one. Tells whether the lock had to be written.
 */
export function recordOutputs(
  context: Context,
  committed: CommittedProject,
  builder: LockedBuild["builder"],
  add: (record: LockedBuild) => LockedBuild,
): Promise<boolean> {
  return withProject(context, committed.project.folder, () =>
    recordOutputsWithin(context, committed, builder, add),
  );
}

/** `recordOutputs` for those who have the project to themselves already. */
export function recordOutputsWithin(
  context: Context,
  committed: CommittedProject,
  builder: LockedBuild["builder"],
  add: (record: LockedBuild) => LockedBuild,
): Promise<boolean> {
  const { project, plan } = committed;
  return runStep(context, "record", "record the build in images.lock.json", async () => {
    // Read again: building took its time, and another igneous may have written meanwhile.
    const lock = await readLock(project.folder);
    const known = lock.builds.find(({ id }) => id === plan.id);
    const written = add(known ?? (await newRecord(context, committed, builder)));
    const builds =
      known === undefined
        ? [written, ...lock.builds]
        : lock.builds.map((build) => (build.id === plan.id ? written : build));
    const value = await writeLock(project.folder, { ...lock, builds });
    return { value, outcome: value ? "done" : "unchanged" };
  });
}

async function newRecord(
  context: Context,
  { project, plan, commits }: CommittedProject,
  builder: LockedBuild["builder"],
): Promise<LockedBuild> {
  const git = await findGitRevision(context, project.folder);
  const hex = (commit: string): Sha256Hex => commit as Sha256Hex;
  return {
    id: plan.id,
    builder,
    ...(plan.predecessor === undefined ? {} : { predecessor: plan.predecessor.id }),
    payloadCommit: hex(commits.payload),
    baseCommit: hex(commits.base),
    hostCommit: hex(commits.host),
    ...(git === undefined ? {} : { git }),
    tools: {},
    createdAt: now().toISOString(),
  };
}
