import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { readLock, writeLock } from "../lock/file.ts";
import type { LockedAmi, LockedBuild, PackerOutputs } from "../lock/schema.ts";
import { findGitRevision } from "./git-revision.ts";
import { mergeAmis } from "./publish-record.ts";
import type { CommittedProject } from "./render-packer.ts";

/**
 * Records what Packer made with its build: the one of the lock that has the same id, whoever baked it, or a new one. What
 * an earlier run recorded of the other source stays.
 */
export function recordPacker(
  context: Context,
  committed: CommittedProject,
  outputs: PackerOutputs,
  amis: readonly LockedAmi[],
): Promise<void> {
  const { project, plan } = committed;
  return runStep(context, "record", "record the build in images.lock.json", async () => {
    const lock = await readLock(project.folder);
    const known = lock.builds.find(({ id }) => id === plan.id);
    const record = known ?? (await newRecord(context, committed, outputs.createdAt));
    const published = amis.length === 0 ? {} : { amis: mergeAmis(record.amis ?? [], amis) };
    const written = { ...record, ...published, packer: { ...record.packer, ...outputs } };
    const builds =
      known === undefined
        ? [written, ...lock.builds]
        : lock.builds.map((build) => (build.id === plan.id ? written : build));
    await writeLock(project.folder, { ...lock, builds });
    return { value: undefined };
  });
}

async function newRecord(
  context: Context,
  { project, plan, commits }: CommittedProject,
  createdAt: string,
): Promise<LockedBuild> {
  const git = await findGitRevision(context, project.folder);
  const hex = (commit: string): Sha256Hex => commit as Sha256Hex;
  return {
    id: plan.id,
    builder: "packer",
    ...(plan.predecessor === undefined ? {} : { predecessor: plan.predecessor.id }),
    payloadCommit: hex(commits.payload),
    baseCommit: hex(commits.base),
    hostCommit: hex(commits.host),
    ...(git === undefined ? {} : { git }),
    tools: {},
    createdAt,
  };
}
