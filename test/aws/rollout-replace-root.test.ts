import { describe, expect, it } from "vitest";
import type { FleetGroup } from "../fakes/aws/fleet.ts";
import { type Fleets, fleets, newImage, oldImage, planOf, request, roll } from "./fleets.ts";

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
    expect(text).toContain("plain: AWS replaces root volumes only in a group whose mixed instances policy");
    expect(text).toContain("geth: AWS replaces no root volumes in a group with a warm pool");
    expect(text).toContain("geth: a root volume cannot be replaced without one instance less");
  });
});
