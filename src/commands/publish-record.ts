import type { PublishedAmi } from "../aws/publish-types.ts";
import type { Context } from "../core/context.ts";
import { readLock, withProject, writeLock } from "../lock/file.ts";
import type { LockedAmi } from "../lock/schema.ts";

/**
 * Records where a build is published, in its entry of the lock. Regions that this run did not reach keep what they had,
 * and an AMI that is recorded already keeps its figures: what a later run found there sent nothing.
 */
export function recordAmis(
  context: Context,
  folder: string,
  buildId: string,
  amis: readonly PublishedAmi[],
): Promise<{ readonly changed: boolean; readonly recorded: readonly LockedAmi[] }> {
  return withProject(context, folder, async () => {
    // Read again: publishing took its time, and another igneous may have written meanwhile.
    const lock = await readLock(folder);
    const before = lock.builds.find(({ id }) => id === buildId)?.amis ?? [];
    const recorded = mergeAmis(before, amis);
    if (recorded.length === 0) return { changed: false, recorded };
    const builds = lock.builds.map((build) => (build.id === buildId ? { ...build, amis: recorded } : build));
    return { changed: await writeLock(folder, { ...lock, builds }), recorded };
  });
}

/** Regions keep what they had; another AMI of a region takes the place of the one before. */
export function mergeAmis(before: readonly LockedAmi[], now: readonly LockedAmi[]): LockedAmi[] {
  const merged = new Map(before.map((ami) => [ami.region, ami]));
  for (const ami of now) {
    if (merged.get(ami.region)?.amiId !== ami.amiId) merged.set(ami.region, { ...ami });
  }
  return [...merged.values()];
}
