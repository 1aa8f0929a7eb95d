import type { GroupStatus } from "./fleet-status.ts";
import type { FleetState, GroupState } from "./fleet-status-types.ts";
import { shortBuild } from "./rollout-target.ts";
import type { LockedRollout } from "./rollout-types.ts";

type Described = Omit<GroupStatus, "isCalm" | "next" | "summary"> & {
  /** Whether the AMI to which a refresh under way would go back is no more. */
  readonly wayBackIsGone: boolean;
};

/** What a person should know of a group, in one sentence, and what to do about it; `called` is its name in commands. */
export function advice(
  group: GroupState,
  described: Described,
  rollouts: readonly LockedRollout[],
  called: string,
): Pick<GroupStatus, "summary" | "next"> {
  const { refresh, drift, running } = described;
  const last = group.refreshes[0];
  const own = findOwnWaves(group, rollouts);
  const builds = running
    .map(({ buildId, imageId, count }) => `${count} × ${buildId === null ? imageId : shortBuild(buildId)}`)
    .join(", ");
  if (refresh !== null) {
    const back = refresh.status === "RollbackInProgress";
    const far = refresh.percent === undefined ? "" : ` at ${refresh.percent} %`;
    const why = refresh.reason === undefined ? "" : `: ${refresh.reason}`;
    const stops = refresh.checkpoints === undefined ? "" : `, stops at ${refresh.checkpoints.join(", ")} %`;
    const next = described.wayBackIsGone
      ? `igneous rollout --pause --group ${called} (there is no way back)`
      : `igneous rollback --fleet ${called}`;
    return {
      summary: `${back ? "going back" : "rolling"}${far}${back ? "" : stops} (${refresh.status}, refresh ${refresh.id})${why}`,
      next: back ? null : next,
    };
  }
  if (running.length === 0) return { summary: "no instance runs", next: null };
  if (drift.length > 0) {
    const failed =
      last?.status === "Failed" || last?.status === "Cancelled" || last?.status === "RollbackFailed";
    const after = failed
      ? ` after refresh ${last.id} was ${last.status}${last.reason === undefined ? "" : ` (${last.reason})`}`
      : own === undefined
        ? ""
        : ` after rollout ${own.id} ${own.status === "failed" ? "failed" : "went back"}${because(own.reason, " (", ")")}`;
    const back = `igneous rollback --fleet ${called}`;
    if (drift.every(({ kind }) => kind === "other-commit")) {
      const build = described.expected?.buildId ?? running[0]?.buildId ?? null;
      const which = build === null ? "BUILD" : shortBuild(build);
      const next = `igneous rollout --ami ${which} --strategy in-place --group ${called}`;
      return { summary: `drift${after}: ${builds}`, next };
    }
    return {
      summary: `drift${after}: ${builds}`,
      next:
        last?.status === "Cancelled"
          ? `igneous rollout --resume --group ${called} (goes on), or ${back}`
          : back,
    };
  }
  if (own !== undefined) {
    const how = own.status === "failed" ? "the newest rollout failed" : "went back";
    return { summary: `${builds}, ${how}${because(own.reason)}`, next: null };
  }
  const why = last?.rollback?.reason ?? last?.reason;
  if (last?.status === "Failed" || last?.status === "RollbackFailed") {
    // Every instance that is left is as the lock says, and some may be missing: no drift, and not well.
    return {
      summary: `${builds}, refresh ${last.id} was ${last.status}${because(why)}`,
      next: `igneous rollout --ami --plan --group ${called}`,
    };
  }
  const returned = last?.status === "RollbackSuccessful";
  return { summary: returned ? `${builds}, went back${because(why)}` : `${builds}`, next: null };
}

/**
 * Whether the AMI to which a refresh under way would go back is no more: the one that should run by the lock, else that of the oldest
 * version. Only what some instance runs was asked for.
 */
export function wayBackIsGone(
  { images }: Pick<FleetState, "images">,
  { instances, region }: GroupState,
  expected: string | undefined,
): boolean {
  const [oldest] = instances.toSorted((a, b) => (a.templateVersion ?? 0) - (b.templateVersion ?? 0));
  const amiId = expected ?? oldest?.imageId;
  const runs = instances.some(({ imageId }) => imageId === amiId);
  return runs && !images.some((image) => image.imageId === amiId && image.region === region);
}

function because(reason: string | undefined, before = ": ", after = ""): string {
  return reason === undefined ? "" : `${before}${reason}${after}`;
}

/** The newest rollout of a group when it went in waves of ours, of which AWS knows nothing, and did not end well. */
function findOwnWaves(
  { name, region, refreshes }: GroupState,
  rollouts: readonly LockedRollout[],
): LockedRollout | undefined {
  const newest = rollouts.find((rollout) => rollout.group === name && rollout.region === region);
  if (newest === undefined || (newest.status !== "failed" && newest.status !== "rolled-back"))
    return undefined;
  return refreshes.some(({ id }) => id === newest.id) ? undefined : newest;
}
