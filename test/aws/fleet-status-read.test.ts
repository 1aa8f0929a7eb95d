import type { DescribeAutoScalingGroupsCommandInput } from "@aws-sdk/client-auto-scaling";
import { describe, expect, it } from "vitest";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import type { FleetState } from "../../src/aws/fleet-status-types.ts";
import { type Fleets, fleets, oldImage, region } from "./fleets.ts";

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `group-${index}`);

function read({ context, aws }: Fleets, count: number, brief: boolean): Promise<FleetState> {
  const groups = namesOf(count).map((name) => ({ name, region }));
  return readFleet(context, aws, { groups, images: [], brief });
}

/** How many groups each call asked for. */
function askedFor({ sim }: Fleets): readonly number[] {
  return sim.calls
    .filter(({ operation }) => operation === "DescribeAutoScalingGroups")
    .map(({ input }) => (input as DescribeAutoScalingGroupsCommandInput).AutoScalingGroupNames?.length ?? 0);
}

describe("what is kept of a fleet", () => {
  it("is one flat record of the same fields for each instance, and nothing of AWS's answers", async () => {
    const world = await fleets();
    for (const name of namesOf(2)) world.group(name, 5);
    for (const brief of [true, false]) {
      const { groups } = await read(world, 2, brief);
      const instances = groups.flatMap((group) => group.instances);
      expect(instances).toHaveLength(10);
      expect(new Set(instances.map((instance) => Object.keys(instance).join(" "))).size).toBe(1);
      const kinds = new Set(
        instances.flatMap((instance) => Object.values(instance)).map((one) => typeof one),
      );
      expect([...kinds]).not.toContain("object");
      for (const instance of instances) {
        expect(instance).toMatchObject({ imageId: oldImage, templateVersion: 1, lifecycle: "InService" });
        expect(instance.launchedAt === undefined).toBe(brief);
      }
    }
  });

  it("comes in pages of some ten thousand instances, however many groups they are of", async () => {
    const world = await fleets();
    for (const name of namesOf(50)) world.group(name, 260);
    const { groups } = await read(world, 50, true);
    expect(groups.map(({ name, instances }) => `${name} ${instances.length}`)).toEqual(
      namesOf(50).map((name) => `${name} 260`),
    );
    expect(askedFor(world)).toEqual([10, 38, 2]);
  });

  it("is asked for in few calls where groups are small", async () => {
    const world = await fleets();
    for (const name of namesOf(60)) world.group(name, 1);
    await read(world, 60, true);
    expect(askedFor(world)).toEqual([10, 50]);
  });
});
