import { join } from "node:path";
import { findDuration } from "../aws/image-input.ts";
import { basePrefix, baseRef } from "../base/compose.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { now } from "../host/clock.ts";
import { sizeOf } from "../host/files.ts";
import { removeTree } from "../host/folders.ts";
import { removeFile } from "../host/object-files.ts";
import { readLock, withProject } from "../lock/file.ts";
import type { Lock } from "../lock/schema.ts";
import { collectGarbage } from "../ostree/garbage.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { hasCommit, readCommit } from "../ostree/object-read.ts";
import { deleteRef, findRef, listRefs } from "../ostree/ref.ts";
import { objectPath, openRepo, type Repo } from "../ostree/repo.ts";
import {
  hostPrefix,
  listLocalBuilds,
  type LocalPlan,
  planLocalBuilds,
  type Verdict,
} from "./local-builds.ts";

export interface LocalGcOptions {
  /** How many of the newest builds of the lock stay. */
  readonly keep: number;
  /** Such as `7d`. */
  readonly olderThan: string;
}

export interface LocalGcResult {
  readonly removed: readonly Verdict[];
  /** Of the folders and of the repo. */
  readonly bytes: number;
}

/** What of old builds lies below `.igneous`, and what of it would go. Changes nothing. */
export async function planLocalGc(
  context: Context,
  folder: string,
  { keep, olderThan }: LocalGcOptions,
): Promise<LocalPlan> {
  const age = findDuration(olderThan);
  if (age === undefined || keep < 1) {
    const message =
      age === undefined
        ? `'${olderThan}' is not a time; wanted hours, days or weeks`
        : "the newest build of the lock always stays";
    throw new IgneousError("usage", message, {
      hint: "write it like: igneous gc --local --keep 2 --older-than 7d",
    });
  }
  const lock = await readLock(folder);
  if ((await sizeOf(join(folder, ".igneous"))) === undefined) return { keep: [], remove: [] };
  const repo = await openRepo(context, join(folder, ".igneous", "repo"));
  const found = await listLocalBuilds(folder, lock, repo);
  return planLocalBuilds(lock, found, { keep, before: now().getTime() - age });
}

/** Removes what the plan names and is still to go, with its commits and every object that only they need. */
export function applyLocalGc(
  context: Context,
  folder: string,
  plan: LocalPlan,
  options: LocalGcOptions,
): Promise<LocalGcResult> {
  return withProject(context, folder, async () => {
    const stillToGo = new Set((await planLocalGc(context, folder, options)).remove.map(({ build }) => build));
    const removed = plan.remove.filter(({ build }) => stillToGo.has(build));
    if (removed.length === 0) return { removed, bytes: 0 };
    return runStep(
      context,
      "gc",
      `remove ${removed.length === 1 ? "1 build" : `${removed.length} builds`}`,
      async () => {
        const lock = await readLock(folder);
        const repo = await openRepo(context, join(folder, ".igneous", "repo"));
        for (const { build } of removed) await removeTree(join(folder, ".igneous", "builds", build));
        await removeCommits(repo, lock, new Set(removed.map(({ build }) => build)));
        const { bytes } = await collectGarbage(context, repo, false);
        return { value: { removed, bytes: bytes + removed.reduce((sum, item) => sum + item.bytes, 0) } };
      },
    );
  });
}

/** Refs first: a ref never names a commit that is gone. */
async function removeCommits(repo: Repo, lock: Lock, builds: ReadonlySet<string>): Promise<void> {
  const gone: CommitChecksum[] = [];
  const kept = new Set<string>();
  for (const ref of listRefs(repo, hostPrefix)) {
    const commit = await findRef(repo, ref);
    if (commit === undefined) continue;
    if (builds.has(ref.slice(hostPrefix.length + 1))) {
      await deleteRef(repo, ref);
      gone.push(commit, ...partsOf(repo, commit));
    } else for (const part of [commit, ...partsOf(repo, commit)]) kept.add(part);
  }
  const next = await baseRef(lock.base);
  for (const ref of listRefs(repo, basePrefix)) {
    const commit = await findRef(repo, ref);
    if (commit === undefined) continue;
    if (ref === next) kept.add(commit);
    else if (gone.includes(commit) && !kept.has(commit)) await deleteRef(repo, ref);
  }
  for (const commit of new Set(gone)) if (!kept.has(commit)) removeFile(objectPath(repo, "commit", commit));
}

/** The payload and base that a host commit was made of. */
function partsOf(repo: Repo, host: CommitChecksum): readonly CommitChecksum[] {
  if (!hasCommit(repo, host)) return [];
  const { metadata } = readCommit(repo, host);
  return [metadata["igneous.base"], metadata["igneous.payload"]].filter(
    (part): part is CommitChecksum => typeof part === "string",
  );
}
