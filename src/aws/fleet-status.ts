import type { FleetState, GroupState, InstanceState, RefreshState } from "./fleet-status-types.ts";
import { activeRefreshOf } from "./fleet-status-types.ts";
import { advice, wayBackIsGone } from "./fleet-status-advice.ts";
import { driftOf, runningBuilds, unlockedOnly } from "./fleet-status-drift.ts";
import { groupKey, type LockedRollout, type RolloutBuild } from "./rollout-types.ts";

/** What runs where, held against the lock. */
export interface FleetStatus {
  readonly groups: readonly GroupStatus[];
  readonly missing: FleetState["missing"];
  readonly failures: FleetState["failures"];
  /** Groups of which nothing was heard yet, while others are shown. */
  readonly waiting: FleetState["missing"];
  readonly hasDrift: boolean;
  /** Nodes that were asked what they booted and did not say. */
  readonly silentNodes: number;
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
  /** All instances are in service and run what the lock says; nothing for a person to see. */
  readonly isCalm: boolean;
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
export interface Expected {
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

export interface Locked {
  /** All groups of the spec; a name that several have is told with its region in commands. */
  readonly groups?: readonly { readonly name: string }[];
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
    waiting: [],
    silentNodes: state.groups.flatMap(({ instances }) => instances).filter(isSilent).length,
    hasDrift: state.missing.length > 0 || groups.some(({ drift }) => drift.length > 0),
    calls: state.calls,
  };
}

/** What is known of groups, region by region; a region that is not there yet is waited for. */
export function mergeStatus(
  wanted: readonly { readonly name: string; readonly region: string }[],
  seen: ReadonlyMap<string, FleetStatus>,
): FleetStatus {
  const parts = [...seen.values()];
  const groups = new Map(parts.flatMap((part) => part.groups.map((group) => [groupKey(group), group])));
  const sum = (count: (part: FleetStatus) => number): number =>
    parts.reduce((all, part) => all + count(part), 0);
  return {
    groups: wanted.flatMap((group) => groups.get(groupKey(group)) ?? []),
    missing: parts.flatMap(({ missing }) => missing),
    failures: parts.flatMap(({ failures }) => failures),
    waiting: wanted.filter(({ region }) => !seen.has(region)).map(({ name, region }) => ({ name, region })),
    silentNodes: sum(({ silentNodes }) => silentNodes),
    hasDrift: parts.some(({ hasDrift }) => hasDrift),
    calls: sum(({ calls }) => calls),
  };
}

function isSilent({ silence }: InstanceState): boolean {
  return silence !== undefined;
}

function describeGroup(state: FleetState, group: GroupState, locked: Locked): GroupStatus {
  const refresh = activeRefreshOf(group) ?? null;
  const expected = expectedOf(group, locked.rollouts);
  const running = runningBuilds(group, locked.builds);
  const drift = refresh === null ? driftOf(group, running, locked, expected) : unlockedOnly(running, locked);
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
  const isShared = (locked.groups ?? []).filter(({ name }) => name === group.name).length > 1;
  const described = { ...base, wayBackIsGone: wayBackIsGone(state, group, expected?.amiId) };
  const said = advice(group, described, locked.rollouts, isShared ? groupKey(group) : group.name);
  const isWhole = base.inService === base.desired && base.unhealthy === 0 && running.length <= 1;
  const isCalm = isWhole && refresh === null && drift.length === 0 && base.warnings.length === 0;
  return { ...base, ...said, isCalm };
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
    ...silences(instances),
    ...(suspended.length === 0 ? [] : [`suspended: ${suspended.join(", ")}`]),
  ];
}

/** Why nodes did not say what they booted, once for each reason. */
function silences(instances: readonly InstanceState[]): readonly string[] {
  const silent = instances.filter(isSilent);
  return [...new Set(silent.map(({ silence }) => silence))].map((why) => {
    const those = silent.filter(({ silence }) => silence === why);
    const who =
      those.length === 1 ? "1 node did not say what it" : `${those.length} nodes did not say what they`;
    return `${who} booted: ${why}, such as ${those[0]?.instanceId}`;
  });
}
