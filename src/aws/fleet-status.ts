import type { FleetState, GroupState, InstanceState, RefreshState } from "./fleet-status-types.ts";
import { activeRefreshOf } from "./fleet-status-types.ts";
import { buildOfImage, shortBuild } from "./rollout-plan.ts";
import type { LockedRollout, RolloutBuild } from "./rollout-types.ts";

/** What runs where, held against the lock. */
export interface FleetStatus {
  readonly groups: readonly GroupStatus[];
  readonly missing: FleetState["missing"];
  readonly failures: FleetState["failures"];
  readonly hasDrift: boolean;
  readonly calls: number;
}

export interface GroupStatus {
  readonly name: string;
  readonly region: string;
  readonly desired: number;
  readonly inService: number;
  readonly unhealthy: number;
  /** Instances that are not in service, by what they do. */
  readonly others: Readonly<Record<string, number>>;
  /** What is as the lock says and will hurt all the same. */
  readonly warnings: readonly string[];
  /** What runs, most instances first. */
  readonly running: readonly RunningBuild[];
  readonly expected: Expected | null;
  readonly refresh: RefreshState | null;
  readonly drift: readonly Drift[];
  /** One sentence for the person who looks. */
  readonly summary: string;
  /** What to do next, as a command; null when nothing needs doing. */
  readonly next: string | null;
}

export interface RunningBuild {
  readonly buildId: string | null;
  readonly imageId: string | null;
  readonly templateVersion: number | null;
  readonly commits: readonly string[];
  readonly count: number;
  /** At most three. */
  readonly examples: readonly string[];
}

/** What the lock says that the group runs. */
interface Expected {
  readonly buildId: string | null;
  readonly amiId: string;
  readonly version: number;
  readonly rollout: string;
  /** Nodes were moved to the build without a new AMI. */
  readonly inPlace: boolean;
  /** Instances were kept, so their launch template version tells nothing. */
  readonly keepsInstances: boolean;
}

export interface Drift {
  readonly kind: "unlocked-image" | "other-version" | "other-image" | "group-version" | "other-commit";
  readonly message: string;
}

interface Locked {
  readonly builds: readonly (RolloutBuild & { readonly hostCommit?: string })[];
  readonly rollouts: readonly LockedRollout[];
}

/** Compares what AWS says with the lock. Pure. */
export function describeFleet(state: FleetState, locked: Locked): FleetStatus {
  const groups = state.groups.map((group) => describeGroup(state, group, locked));
  return {
    groups,
    missing: state.missing,
    failures: state.failures,
    hasDrift: state.missing.length > 0 || groups.some(({ drift }) => drift.length > 0),
    calls: state.calls,
  };
}

function describeGroup(state: FleetState, group: GroupState, locked: Locked): GroupStatus {
  const refresh = activeRefreshOf(group) ?? null;
  const expected = expectedOf(group, locked.rollouts);
  const running = runningBuilds(group, locked.builds);
  const drift = refresh === null ? driftOf(group, locked, expected) : unlockedOnly(group, locked);
  const base = {
    name: group.name,
    region: group.region,
    desired: group.desiredCapacity,
    inService: group.instances.filter(({ lifecycle }) => lifecycle === "InService").length,
    unhealthy: group.instances.filter(({ healthy }) => !healthy).length,
    others: otherStates(group),
    warnings: warningsOf(state, group),
    running,
    expected,
    refresh,
    drift,
  };
  return { ...base, ...advice(group, base) };
}

/** The newest rollout that ended well, or went back well, tells what should run. */
function expectedOf({ name, region }: GroupState, rollouts: readonly LockedRollout[]): Expected | null {
  for (const rollout of rollouts) {
    if (rollout.group !== name || rollout.region !== region) continue;
    const { status, previous, launchTemplate, id, strategy } = rollout;
    const keepsInstances = strategy !== "replace";
    if (status === "succeeded" || status === "unchanged") {
      const { buildId = null, amiId } = rollout;
      const inPlace = strategy === "in-place";
      return { buildId, amiId, version: launchTemplate.version, rollout: id, inPlace, keepsInstances };
    }
    if (status === "rolled-back" && previous !== undefined) {
      const { buildId = null, amiId, version } = previous;
      return { buildId, amiId, version, rollout: id, inPlace: false, keepsInstances };
    }
  }
  return null;
}

function runningBuilds({ instances }: GroupState, builds: Locked["builds"]): readonly RunningBuild[] {
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

function otherStates({ instances }: GroupState): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { lifecycle } of instances) {
    if (lifecycle !== "InService") counts[lifecycle] = (counts[lifecycle] ?? 0) + 1;
  }
  return counts;
}

function warningsOf({ images }: FleetState, { instances, suspended, region }: GroupState): readonly string[] {
  const used = new Set(instances.flatMap(({ imageId }) => imageId ?? []));
  const gone = [...used].filter(
    (id) => !images.some((image) => image.imageId === id && image.region === region),
  );
  return [
    ...gone.map(
      (id) => `AMI ${id} is gone: what runs it goes on, and nothing can be launched from it or go back to it`,
    ),
    ...(suspended.length === 0 ? [] : [`suspended: ${suspended.join(", ")}`]),
  ];
}

function unlockedOnly(group: GroupState, { builds, rollouts }: Locked): readonly Drift[] {
  const allowed = new Set(
    rollouts.filter(({ unlockedReason }) => unlockedReason !== undefined).map(({ amiId }) => amiId),
  );
  return runningBuilds(group, builds)
    .filter(({ buildId, imageId }) => buildId === null && !allowed.has(imageId ?? ""))
    .map(({ imageId, count, examples }) => ({
      kind: "unlocked-image" as const,
      message: `${people(count)} ${imageId ?? "an unknown AMI"}, which the lock does not name, such as ${examples[0]}`,
    }));
}

function driftOf(group: GroupState, locked: Locked, expected: Expected | null): readonly Drift[] {
  const drift: Drift[] = [...unlockedOnly(group, locked)];
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
  for (const { instanceId, imageId, commit } of instances) {
    const build = locked.builds.find(({ id, amis }) =>
      expected?.inPlace === true ? id === expected.buildId : amis.some(({ amiId }) => amiId === imageId),
    );
    if (commit === undefined || build?.hostCommit === undefined || build.hostCommit === commit) continue;
    const message = `${instanceId} booted commit ${commit.slice(0, 12)}; its build has ${build.hostCommit.slice(0, 12)}`;
    drift.push({ kind: "other-commit", message });
  }
  return drift;
}

function people(count: number): string {
  return count === 1 ? "1 instance runs" : `${count} instances run`;
}

type Described = Omit<GroupStatus, "summary" | "next">;

function advice(group: GroupState, described: Described): Pick<GroupStatus, "summary" | "next"> {
  const { refresh, drift, running, name } = described;
  const last = group.refreshes[0];
  const builds = running
    .map(({ buildId, imageId, count }) => `${count} × ${buildId === null ? imageId : shortBuild(buildId)}`)
    .join(", ");
  if (refresh !== null) {
    const back = refresh.status === "RollbackInProgress";
    const far = refresh.percent === undefined ? "" : ` at ${refresh.percent} %`;
    const why = refresh.reason === undefined ? "" : `: ${refresh.reason}`;
    const stops = refresh.checkpoints === undefined ? "" : `, stops at ${refresh.checkpoints.join(", ")} %`;
    return {
      summary: `${back ? "going back" : "rolling"}${far}${back ? "" : stops} (${refresh.status}, refresh ${refresh.id})${why}`,
      next: back ? null : `igneous rollback --fleet ${name}`,
    };
  }
  if (running.length === 0) return { summary: "no instance runs", next: null };
  if (drift.length > 0) {
    const failed =
      last?.status === "Failed" || last?.status === "Cancelled" || last?.status === "RollbackFailed";
    const after = failed
      ? ` after refresh ${last.id} was ${last.status}${last.reason === undefined ? "" : ` (${last.reason})`}`
      : "";
    const back = `igneous rollback --fleet ${name}`;
    return {
      summary: `drift${after}: ${builds}`,
      next:
        last?.status === "Cancelled"
          ? `igneous rollout --resume --group ${name} (goes on), or ${back}`
          : back,
    };
  }
  const returned = last?.status === "RollbackSuccessful";
  const why = last?.rollback?.reason ?? last?.reason;
  return {
    summary: returned ? `${builds}, went back${why === undefined ? "" : `: ${why}`}` : `${builds}`,
    next: null,
  };
}
