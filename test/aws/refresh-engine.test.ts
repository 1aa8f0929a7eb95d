import type { RefreshPreferences } from "@aws-sdk/client-auto-scaling";
import { describe, expect, it } from "vitest";
import recorded from "./fixtures/instance-refresh-recorded.json" with { type: "json" };
import { type Fleets, fleets, newImage, templateData, versionsIn } from "./fleets.ts";

/** The simulated refresh engine, held against what AWS was seen to do. The clients are AWS's own. */

interface Poll {
  readonly t: number;
  readonly rollback?: boolean;
  readonly cancel?: boolean;
  readonly Status: string;
  readonly PercentageComplete?: number;
  readonly InstancesToUpdate?: number;
}

async function replay({ sim, others }: Fleets, name: string, polls: readonly Poll[]): Promise<object[]> {
  const start = sim.clock.now();
  const seen: object[] = [];
  for (const poll of polls) {
    sim.clock.advance(start + poll.t * 1000 - sim.clock.now());
    if (poll.rollback === true)
      await others.autoScaling.rollbackInstanceRefresh({ AutoScalingGroupName: name });
    if (poll.cancel === true) {
      await others.autoScaling.cancelInstanceRefresh({
        AutoScalingGroupName: name,
        WaitForTransitioningInstances: false,
      });
    }
    const { InstanceRefreshes } = await others.autoScaling.describeInstanceRefreshes({
      AutoScalingGroupName: name,
    });
    const { Status, PercentageComplete, InstancesToUpdate } = InstanceRefreshes?.[0] ?? {};
    const { rollback: _rollback, cancel: _cancel, ...shown } = poll;
    seen.push({
      t: shown.t,
      Status,
      ...(PercentageComplete === undefined ? {} : { PercentageComplete }),
      ...(InstancesToUpdate === undefined ? {} : { InstancesToUpdate }),
    });
  }
  return seen;
}

const wanted = (polls: readonly Poll[]): readonly object[] =>
  polls.map(({ rollback: _rollback, cancel: _cancel, ...poll }) => poll);

async function begin(
  world: Fleets,
  name: string,
  Preferences: RefreshPreferences,
  desired = true,
): Promise<string | undefined> {
  const group = world.sim.world.fleet.groups.find((entry) => entry.name === name);
  const version = desired ? { LaunchTemplateId: group?.template.id ?? "", Version: "2" } : undefined;
  const { InstanceRefreshId } = await world.others.autoScaling.startInstanceRefresh({
    AutoScalingGroupName: name,
    Preferences,
    ...(version === undefined ? {} : { DesiredConfiguration: { LaunchTemplate: version } }),
  });
  return InstanceRefreshId;
}

async function twoVersions(): Promise<Fleets & { readonly id: string }> {
  const world = await fleets();
  const { id } = world.template(templateData, { ...templateData, ImageId: newImage });
  return { ...world, id };
}

describe("the refresh engine", () => {
  it("passes a group without instances as AWS was recorded to", async () => {
    const world = await fleets();
    world.group("g", 0);
    await begin(world, "g", {}, false);
    expect(await replay(world, "g", recorded.empty)).toEqual(wanted(recorded.empty));
  });

  it("replaces one instance, bakes and rolls back at the recorded times", async () => {
    const world = await twoVersions();
    const group = world.group("g", 1, { template: { id: world.id, version: "1" } });
    await begin(world, "g", {
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 100,
      InstanceWarmup: 0,
      BakeTime: 60,
      CheckpointPercentages: [100],
      CheckpointDelay: 0,
    });
    expect(await replay(world, "g", recorded.rolledBack)).toEqual(wanted(recorded.rolledBack));
    expect(group.template.version).toBe("1");
    expect(versionsIn(group)).toEqual(["1"]);
    expect(group.members).toHaveLength(3);
  });

  it("waits for a protected instance and is cancelled as recorded", async () => {
    const world = await fleets();
    const group = world.group("g", 1);
    for (const member of group.members) member.protected = true;
    await begin(world, "g", {}, false);
    expect(await replay(world, "g", recorded.cancelled)).toEqual(wanted(recorded.cancelled));
  });

  it.each(recorded.firstBatch)(
    "launches and terminates $launched and $terminated first with min $min of $desired",
    async ({ min, max, desired, launched, terminated }) => {
      const world = await twoVersions();
      const group = world.group("g", desired, { template: { id: world.id, version: "1" } });
      await begin(world, "g", {
        MinHealthyPercentage: min,
        ...(max === undefined ? {} : { MaxHealthyPercentage: max }),
        InstanceWarmup: 600,
      });
      world.sim.clock.advance(60_000);
      const leaving = group.members.filter(({ lifecycle }) => lifecycle.startsWith("Terminat"));
      expect(group.members.length - desired).toBe(launched);
      expect(leaving).toHaveLength(terminated);
    },
  );

  it("stops at checkpoints, never above the minimum's batch, and passes over those it overtook", async () => {
    const world = await twoVersions();
    const group = world.group("ten", 10, { template: { id: world.id, version: "1" } });
    const pair = world.group("pair", 2, { template: { id: world.id, version: "1" } });
    const delay = { CheckpointDelay: 3600, InstanceWarmup: 0 };
    await begin(world, "ten", { MinHealthyPercentage: 80, CheckpointPercentages: [20, 50], ...delay });
    await begin(world, "pair", { MinHealthyPercentage: 50, CheckpointPercentages: [10, 40, 100], ...delay });
    const fresh = (members: typeof group): number =>
      versionsIn(members).filter((version) => version === "2").length;
    world.sim.clock.advance(30 * 60_000);
    expect([fresh(group), fresh(pair)]).toEqual([2, 1]);
    world.sim.clock.advance(35 * 60_000);
    expect([fresh(group), fresh(pair)]).toEqual([5, 2]);
    expect(pair.refreshes[0]?.status).toBe("Successful");
    world.sim.clock.advance(60 * 60_000);
    expect(fresh(group)).toBe(5);
    expect(group.refreshes[0]?.status).toBe("Successful");
  });

  it("fails after an hour without progress, and goes back when it was asked to", async () => {
    const world = await twoVersions();
    world.sim.world.fleet.images.set(newImage, "unhealthy");
    const template = { id: world.id, version: "1" };
    const stays = world.group("stays", 4, { template: { ...template } });
    const returns = world.group("returns", 4, { template: { ...template } });
    await begin(world, "stays", { MinHealthyPercentage: 75 });
    await begin(world, "returns", { MinHealthyPercentage: 75, AutoRollback: true });
    world.sim.clock.advance(59 * 60_000);
    expect([stays, returns].map(({ refreshes }) => refreshes[0]?.status)).toEqual([
      "InProgress",
      "InProgress",
    ]);
    world.sim.clock.advance(15 * 60_000);
    expect([stays, returns].map(({ refreshes }) => refreshes[0]?.status)).toEqual([
      "Failed",
      "RollbackSuccessful",
    ]);
    expect(versionsIn(returns)).toEqual(["1", "1", "1", "1"]);
    expect(returns.template.version).toBe("1");
  });

  it("refuses what AWS refuses, in its words where they are known", async () => {
    const world = await twoVersions();
    world.group("g", 1, { template: { id: world.id, version: "1" } });
    world.group("latest", 1, { template: { id: world.id, version: "$Latest" } });
    const { autoScaling } = world.others;
    const name = { AutoScalingGroupName: "g" };
    await expect(autoScaling.cancelInstanceRefresh(name)).rejects.toThrow(
      "No in progress, baking, pending, or cancelling Instance Refresh found for Auto Scaling group g.",
    );
    await expect(autoScaling.rollbackInstanceRefresh(name)).rejects.toThrow(
      "No in progress or baking Instance Refresh found for Auto Scaling group g.",
    );
    await expect(begin(world, "g", { CheckpointPercentages: [40, 20] })).rejects.toThrow("ascending order");
    await expect(begin(world, "g", { MinHealthyPercentage: 0, MaxHealthyPercentage: 200 })).rejects.toThrow(
      "less than or equal to 100",
    );
    await expect(begin(world, "g", { AutoRollback: true }, false)).rejects.toThrow("DesiredConfiguration");
    await expect(begin(world, "latest", { AutoRollback: true })).rejects.toThrow("$Latest");
    world.sim.world.fleet.alarms.set("errors", "INSUFFICIENT_DATA");
    const alarms = { AlarmSpecification: { Alarms: ["errors"] } };
    await expect(begin(world, "g", alarms)).rejects.toThrow("INSUFFICIENT_DATA");
    await begin(world, "g", {});
    await expect(begin(world, "g", {})).rejects.toMatchObject({ name: "InstanceRefreshInProgressFault" });
    const template = { LaunchTemplateId: world.id };
    await autoScaling.updateAutoScalingGroup({ ...name, LaunchTemplate: { ...template, Version: "1" } });
    await expect(
      autoScaling.updateAutoScalingGroup({ ...name, LaunchTemplate: { ...template, Version: "2" } }),
    ).rejects.toThrow("An active instance refresh with a desired configuration exists");
  });
});
