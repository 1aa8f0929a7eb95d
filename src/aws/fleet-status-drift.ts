import type { Drift, Expected, Locked, RunningBuild } from "./fleet-status.ts";
import type { GroupState, InstanceState } from "./fleet-status-types.ts";
import { buildOfImage } from "./rollout-target.ts";

/** What runs, most instances first. */
export function runningBuilds({ instances }: GroupState, builds: Locked["builds"]): readonly RunningBuild[] {
  const found = new Map<string, InstanceState[]>();
  for (const instance of instances) {
    const key = `${instance.imageId} ${instance.templateVersion}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [instance]);
    else known.push(instance);
  }
  return [...found.values()]
    .map((members) => ({
      buildId: buildOfImage(builds, members[0]?.imageId),
      imageId: members[0]?.imageId ?? null,
      templateVersion: members[0]?.templateVersion ?? null,
      commits: [...new Set(members.flatMap(({ commit }) => commit ?? []))],
      count: members.length,
      examples: members.slice(0, 3).map(({ instanceId }) => instanceId),
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** What the lock does not name at all; that counts also while a rollout is under way. */
export function unlockedOnly(
  running: readonly RunningBuild[],
  { rollouts }: Pick<Locked, "rollouts">,
): readonly Drift[] {
  const allowed = new Set(
    rollouts.filter(({ unlockedReason }) => unlockedReason !== undefined).map(({ amiId }) => amiId),
  );
  return running
    .filter(({ buildId, imageId }) => buildId === null && !allowed.has(imageId ?? ""))
    .map(({ imageId, count, examples }) => ({
      kind: "unlocked-image" as const,
      message: `${people(count)} ${imageId ?? "an unknown AMI"}, which the lock does not name, such as ${examples[0]}`,
    }));
}

/** Where a group that is at rest is not what the lock says. */
export function driftOf(
  group: GroupState,
  running: readonly RunningBuild[],
  locked: Locked,
  expected: Expected | null,
): readonly Drift[] {
  const drift: Drift[] = [...unlockedOnly(running, locked)];
  const { pinned, instances } = group;
  if (expected !== null && pinned !== String(expected.version)) {
    drift.push({
      kind: "group-version",
      message: `the group names launch template version ${pinned}; rollout ${expected.rollout} left ${expected.version}`,
    });
  }
  // Instances that were kept while their root volume changed keep the version they were launched with.
  const other = instances.filter(
    ({ templateVersion, imageId }) =>
      String(templateVersion) !== pinned &&
      !(expected?.keepsInstances === true && imageId === expected.amiId),
  );
  if (other.length > 0 && /^\d+$/u.test(pinned ?? "")) {
    const message = `${people(other.length)} another launch template version than the group's ${pinned}, such as ${other[0]?.instanceId}`;
    drift.push({ kind: "other-version", message });
  }
  const images = instances.filter(({ imageId }) => expected !== null && imageId !== expected.amiId);
  if (images.length > 0) {
    const message = `${people(images.length)} another AMI than ${expected?.amiId}, such as ${images[0]?.instanceId}`;
    drift.push({ kind: "other-image", message });
  }
  drift.push(...otherCommits(group, locked, expected));
  return drift;
}

function otherCommits(
  { instances }: GroupState,
  { builds }: Locked,
  expected: Expected | null,
): readonly Drift[] {
  const found = new Map<string, string[]>();
  for (const { instanceId, imageId, commit } of instances) {
    const build = builds.find(({ id, amis }) =>
      expected?.inPlace === true ? id === expected.buildId : amis.some(({ amiId }) => amiId === imageId),
    );
    if (commit === undefined || build?.hostCommit === undefined || build.hostCommit === commit) continue;
    const key = `${commit.slice(0, 12)} ${build.hostCommit.slice(0, 12)}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [instanceId]);
    else known.push(instanceId);
  }
  return Array.from(found, ([key, ids]) => {
    const [commit, wanted] = key.split(" ");
    const [who, whose] = ids.length === 1 ? ["1 instance", "its"] : [`${ids.length} instances`, "their"];
    const message = `${who} booted commit ${commit}; ${whose} build has ${wanted}, such as ${ids[0]}`;
    return { kind: "other-commit" as const, message };
  });
}

function people(count: number): string {
  return count === 1 ? "1 instance runs" : `${count} instances run`;
}
