import { join } from "node:path";
import { shortDigest } from "../core/digest.ts";
import { listFiles, measureTree } from "../host/folders.ts";
import { isFolder } from "../host/object-files.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { listRefs } from "../ostree/ref.ts";
import type { Repo } from "../ostree/repo.ts";

export const hostPrefix = "igneous/host";

/** A build that lies on this machine: a folder of outputs, a host commit, or both. */
export interface LocalBuild {
  /** First twelve digits of its id. */
  readonly build: string;
  readonly folder: string | undefined;
  readonly bytes: number;
  readonly changedMs: number;
  /** What the lock records of it. */
  readonly locked: LockedBuild | undefined;
}

/** What of builds is below `.igneous`, those of the lock first and newest first. */
export async function listLocalBuilds(
  folder: string,
  lock: Lock,
  repo: Repo,
): Promise<readonly LocalBuild[]> {
  const builds = join(folder, ".igneous", "builds");
  const known = new Map(lock.builds.map((build) => [shortDigest(build.id), build]));
  const folders = new Set((await listFiles(builds)).filter((name) => isFolder(join(builds, name))));
  const refs = new Set(listRefs(repo, hostPrefix).map((ref) => ref.slice(hostPrefix.length + 1)));
  const others = [...new Set([...folders, ...refs])].filter((name) => !known.has(name)).sort();
  const here = [...known.keys()].filter((name) => folders.has(name) || refs.has(name));
  return Promise.all(
    [...here, ...others].map(async (build) => {
      const path = join(builds, build);
      const measured = folders.has(build) ? await measureTree(path) : { bytes: 0, changedMs: 0 };
      return {
        build,
        folder: folders.has(build) ? path : undefined,
        locked: known.get(build),
        ...measured,
      };
    }),
  );
}

/** What is done with a build, and why. */
export interface Verdict {
  readonly build: string;
  readonly bytes: number;
  readonly why: string;
}

export interface LocalPlan {
  readonly keep: readonly Verdict[];
  readonly remove: readonly Verdict[];
}

/** The newest builds of the lock stay, with what they go back to and what the next upload is compared with. */
export function planLocalBuilds(
  lock: Lock,
  found: readonly LocalBuild[],
  options: { readonly keep: number; readonly before: number },
): LocalPlan {
  const newest = lock.builds.slice(0, options.keep);
  const reasons = new Map(
    newest.map(({ id }, index) => [
      id,
      index === 0 ? "the newest of the lock" : `number ${index + 1} of the lock`,
    ]),
  );
  for (const { id, predecessor } of newest) {
    if (predecessor !== undefined && !reasons.has(predecessor))
      reasons.set(predecessor, `what ${shortDigest(id)} goes back to`);
  }
  const published = lock.builds.find(({ amis }) => (amis ?? []).some(({ blocks }) => blocks !== undefined));
  if (published !== undefined && !reasons.has(published.id))
    reasons.set(published.id, "the newest that is published: the next upload is compared with it");
  const keep: Verdict[] = [];
  const remove: Verdict[] = [];
  for (const { build, bytes, locked, changedMs } of found) {
    const why = locked === undefined ? undefined : reasons.get(locked.id);
    if (why !== undefined) keep.push({ build, bytes, why });
    else if (changedMs >= options.before) keep.push({ build, bytes, why: "younger than --older-than" });
    else if (locked === undefined) {
      remove.push({ build, bytes, why: "the lock does not name it: its bake failed, or was not recorded" });
    } else remove.push({ build, bytes, why: `the lock has ${options.keep} newer to keep` });
  }
  return { keep, remove };
}
