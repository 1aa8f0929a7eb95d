import type { LockContent } from "./format.ts";
import type { Lock, LockedBuild } from "./schema.ts";

/** A lock with the outputs of another one as well: its builds, newest first, their AMIs, and its rollouts. */
export function mergeOutputs(lock: Lock, other: Lock): LockContent {
  const builds = [...lock.builds];
  for (const build of other.builds) {
    const at = builds.findIndex(({ id }) => id === build.id);
    const own = builds[at];
    if (own === undefined) builds.push(build);
    else builds[at] = withAmis(own, build);
  }
  const known = new Set(lock.rollouts?.map(({ id }) => id));
  const rollouts = [
    ...(lock.rollouts ?? []),
    ...(other.rollouts ?? []).filter(({ id }) => !known.has(id)),
  ].sort((a, b) => order(b.startedAt, a.startedAt));
  return {
    ...lock,
    builds: builds.sort((a, b) => order(b.createdAt, a.createdAt)),
    rollouts: rollouts.length === 0 ? lock.rollouts : rollouts,
  };
}

function withAmis(own: LockedBuild, other: LockedBuild): LockedBuild {
  const known = new Set(own.amis?.map(({ amiId }) => amiId));
  const more = (other.amis ?? []).filter(({ amiId }) => !known.has(amiId));
  return more.length === 0 ? own : { ...own, amis: [...(own.amis ?? []), ...more] };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
