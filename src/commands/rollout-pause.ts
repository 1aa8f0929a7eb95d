import type { Aws } from "../aws/apis.ts";
import { activeRefreshOf, type GroupState } from "../aws/fleet-status-types.ts";
import { readFleet } from "../aws/fleet-status-read.ts";
import { watchRefresh } from "../aws/instance-refresh-watch.ts";
import { groupKey, type LockedRollout } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { readLock } from "../lock/file.ts";
import { loadProject } from "./project.ts";
import { chosenGroups } from "./rollout.ts";
import { requireRollout } from "./rollout-project.ts";
import { begunRollouts, recordRollouts } from "./rollout-records.ts";

export interface Paused {
  readonly group: string;
  readonly region: string;
  readonly refreshId: string;
  readonly percent: number;
}

/**
 * Stops the rollouts under way and leaves what they have replaced: AWS knows no pause, but a refresh that is cancelled is
 * taken up by the next one, which skips what matches.
 */
export async function pauseProject(
  context: Context,
  folder: string,
  names: readonly string[] | undefined,
  aws: Aws = openAws(context),
): Promise<readonly Paused[]> {
  const groups = chosenGroups(requireRollout(await loadProject(folder)), names);
  const state = await readFleet(context, aws, { groups, images: [], brief: true });
  const begun = await begunRollouts(folder);
  const paused: Paused[] = [];
  for (const group of state.groups) {
    const refresh = activeRefreshOf(group);
    if (refresh === undefined) continue;
    if (refresh.status === "RollbackInProgress") {
      throw new IgneousError(
        "rollout-active",
        `${group.name} in ${group.region} goes back; that is not paused`,
        {
          hint: `wait for it: igneous status --group ${groupKey(group)} --watch`,
        },
      );
    }
    const one = await pause(context, aws, group, refresh.id);
    paused.push(one);
    const known = begun.find(({ id, region }) => id === one.refreshId && region === one.region);
    if (known === undefined) continue;
    const endedAt = new Date(aws.clock.now()).toISOString();
    const reason = `paused at ${one.percent} %`;
    await recordRollouts(context, folder, [{ ...known, status: "cancelled", endedAt, reason }]);
  }
  return paused;
}

async function pause(context: Context, aws: Aws, group: GroupState, id: string): Promise<Paused> {
  const autoScaling = await aws.autoScaling(group.region);
  await autoScaling.cancelInstanceRefresh({ AutoScalingGroupName: group.name });
  const { refresh } = await watchRefresh(context, aws, group, id);
  const { name, region } = group;
  return { group: name, region, refreshId: id, percent: refresh.percent ?? 0 };
}

/** The build or AMI that the groups' paused rollouts bring. */
export async function pausedImage(folder: string, names: readonly string[] | undefined): Promise<string> {
  const groups = chosenGroups(requireRollout(await loadProject(folder)), names);
  const { rollouts = [] } = await readLock(folder);
  const newest = groups.flatMap(({ name, region }): readonly LockedRollout[] => {
    const found = rollouts.find((one) => one.group === name && one.region === region);
    return found?.status === "cancelled" ? [found] : [];
  });
  const images = [...new Set(newest.map(({ buildId, amiId }) => buildId ?? amiId))];
  const [only] = images;
  if (only !== undefined && images.length === 1) return only;
  const what = images.length === 0 ? "no rollout is paused" : "rollouts of several builds are paused";
  throw new IgneousError("usage", what, {
    hint: "name the build: igneous rollout --ami BUILD --group GROUP",
  });
}
