import { describe, expect, it } from "vitest";
import type { FleetGroup } from "../fakes/aws/fleet.ts";
import { describeFleet } from "../../src/aws/fleet-status.ts";
import { readForRollout } from "../../src/aws/rollout-read.ts";
import { applyRollback } from "../../src/aws/rollout-rollback.ts";
import { planRollback } from "../../src/aws/rollout-rollback-plan.ts";
import {
  after,
  type Fleets,
  fleets,
  newBuild,
  newImage,
  oldBuild,
  oldImage,
  planOf,
  region,
  request,
  roll,
} from "./fleets.ts";

/** A group whose policy names an AMI for each of its instance types. */
function rootGroup(world: Fleets, name: string, desired: number): FleetGroup {
  const { id } = world.template();
  const LaunchTemplateSpecification = { LaunchTemplateId: id, Version: "1" };
  const Overrides = [{ InstanceType: "m7i.large", ImageId: oldImage }];
  const mixed = { LaunchTemplate: { LaunchTemplateSpecification, Overrides } };
  return world.group(name, desired, { template: { id, version: "1" }, mixed });
}

const wanted = request(["geth"], {
  strategy: "replace-root",
  preferences: { instanceWarmup: 0, minHealthyPercentage: 66 },
});

describe("a rollout that replaces root volumes", () => {
  it("keeps every instance and gives it the new image, one at a time", async () => {
    const world = await fleets();
    const group = rootGroup(world, "geth", 3);
    const before = group.members.map(({ id }) => id);
    let fewest = 3;
    world.sim.observe(() => {
      fewest = Math.min(fewest, group.members.filter(({ lifecycle }) => lifecycle === "InService").length);
    });
    const plan = await planOf(world, wanted);
    expect(plan.groups[0]?.capacity).toMatchObject({ lowest: 2, highest: 3, atOnce: 1 });
    expect(plan.cannotBeUndone.join()).toContain("the root volumes of 3 instances will be deleted");
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout).toMatchObject({
      status: "succeeded",
      strategy: "replace-root",
      amiId: newImage,
    });
    expect(group.members.map(({ id, imageId }) => `${id} ${imageId}`)).toEqual(
      before.map((id) => `${id} ${newImage}`),
    );
    expect(group.mixed?.LaunchTemplate?.Overrides).toEqual([
      { InstanceType: "m7i.large", ImageId: newImage },
    ]);
    expect(fewest).toBe(2);
  });

  it("goes back when the new root never becomes healthy; the group keeps its policy", async () => {
    const world = await fleets();
    const group = rootGroup(world, "geth", 3);
    world.sim.world.fleet.images.set(newImage, "unhealthy");
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout.status).toBe("rolled-back");
    const serving = group.members.filter(({ lifecycle }) => lifecycle === "InService");
    expect(serving.map(({ imageId }) => imageId)).toEqual([oldImage, oldImage, oldImage]);
    expect(group.mixed?.LaunchTemplate?.Overrides?.[0]?.ImageId).toBe(oldImage);
  });

  it("is blocked where AWS could not do it, with the reason", async () => {
    const world = await fleets();
    world.group("plain", 2);
    const group = rootGroup(world, "geth", 2);
    group.warmPool = true;
    const preferences = { minHealthyPercentage: 100 };
    const { blockers } = await planOf(
      world,
      request(["plain", "geth"], { strategy: "replace-root", preferences }),
    );
    const text = blockers.map((problem) => `${problem.group}: ${problem.message}`).join("\n");
    expect(text).toContain("plain: a root volume cannot be replaced without one instance less");
    expect(text).toContain("geth: AWS replaces no root volumes in a group with a warm pool");
    expect(text).toContain("geth: a root volume cannot be replaced without one instance less");
  });
});

describe("root volumes in waves of our own, in a group without a mixed instances policy", () => {
  it("takes so many out of service, replaces, checks, and brings them back; the group's version follows", async () => {
    const world = await fleets();
    const group = world.group("geth", 3);
    const before = group.members.map(({ id }) => id);
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout).toMatchObject({
      status: "succeeded",
      strategy: "replace-root",
      previous: { version: 1 },
    });
    expect(group.members.map(({ id, imageId, lifecycle }) => `${id} ${imageId} ${lifecycle}`)).toEqual(
      before.map((id) => `${id} ${newImage} InService`),
    );
    expect(group).toMatchObject({ desired: 3, template: { version: "2" } });
    expect(world.sim.world.launchTemplates[0]?.defaultVersion).toBe(2);
    expect(outcome?.timeline.map(({ percent }) => percent)).toEqual([0, 33, 66, 100, 100]);
    const rollouts = outcome === undefined ? [] : [outcome.rollout];
    const state = await readForRollout(world.context, world.aws, wanted);
    const builds = [newBuild, oldBuild];
    expect(describeFleet(state, { builds, rollouts }).hasDrift).toBe(false);
    expect((await roll(world, { ...wanted, rollouts }))[0]?.rollout.status).toBe("unchanged");
    const back = {
      specName: "mainnet-node",
      group: { name: "geth", region },
      builds,
      rollouts,
      preferences: wanted.preferences,
    };
    const plan = await planRollback(world.context, world.aws, back);
    expect((await applyRollback(world.context, world.aws, back, plan)).status).toBe("returned");
    expect(group.members.map(({ imageId }) => imageId)).toEqual([oldImage, oldImage, oldImage]);
  });

  it("an image that never passes the checks: what was changed gets the old image again", async () => {
    const world = await fleets();
    const group = world.group("geth", 3);
    world.sim.world.fleet.images.set(newImage, "unhealthy");
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout).toMatchObject({
      status: "rolled-back",
      reason: expect.stringContaining("status checks"),
    });
    expect(group.members.map(({ imageId, lifecycle }) => `${imageId} ${lifecycle}`)).toEqual(
      Array.from({ length: 3 }, () => `${oldImage} InService`),
    );
    expect(group).toMatchObject({ desired: 3, template: { version: "1" } });
  });

  it("an alarm between waves and a replacement that EC2 gives up stop it", async () => {
    const world = await fleets();
    const group = world.group("geth", 3);
    after(world, 5, () => world.sim.world.fleet.alarms.set("geth-behind", "ALARM"));
    const preferences = { ...wanted.preferences, alarms: ["geth-behind"] };
    const [outcome] = await roll(world, { ...wanted, preferences });
    expect(outcome?.rollout).toMatchObject({ status: "rolled-back", reason: "alarm geth-behind is ALARM" });
    world.sim.world.fleet.alarms.clear();
    world.sim.world.fleet.images.set(newImage, "gone");
    const [failed] = await roll(world, wanted);
    expect(failed?.rollout).toMatchObject({
      status: "rolled-back",
      reason: expect.stringContaining("could not be replaced"),
    });
    expect(group.members.every(({ imageId }) => imageId === oldImage)).toBe(true);
  });

  it("stopped in the middle of a wave, the same command goes on with it", async () => {
    const world = await fleets();
    const group = world.group("geth", 3);
    const stop = new AbortController();
    after(world, 1, () => stop.abort(new Error("stopped by the test")));
    const context = { ...world.context, signal: stop.signal };
    await expect(roll({ ...world, context }, wanted)).rejects.toThrow("stopped by the test");
    expect(group.members.filter(({ lifecycle }) => lifecycle === "Standby")).toHaveLength(1);
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout.status).toBe("succeeded");
    expect(group.members.map(({ imageId, lifecycle }) => `${imageId} ${lifecycle}`)).toEqual(
      Array.from({ length: 3 }, () => `${newImage} InService`),
    );
    expect(group.desired).toBe(3);
  });

  it("is blocked where the group may not be smaller, with the command that lets it", async () => {
    const world = await fleets();
    world.group("geth", 3, { min: 3 });
    const { blockers } = await planOf(world, wanted);
    expect(blockers[0]?.hint).toContain("--min-size 2");
  });
});
