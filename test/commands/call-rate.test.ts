import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling";
import { expect, it } from "vitest";
import { watchRegions } from "../../src/commands/fleet-watch.ts";
import { fleets, newBuild, oldBuild, planOf, region, request, roll } from "../aws/fleets.ts";
import { limitCalls } from "../fakes/aws/token-buckets.ts";

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `workers-${index}`);

it("status and plan of twenty groups in one region find no bucket empty", async () => {
  const world = await fleets();
  for (const name of names(20)) world.group(name, 250);
  const { refused } = limitCalls(world.sim);
  const plan = await planOf(world, request(names(20)));
  expect(plan.groups).toHaveLength(20);
  const groups = names(20).map((name) => ({ name, region }));
  const recorded = { builds: [newBuild, oldBuild], rollouts: [] };
  const watched = {
    groups,
    locked: () => Promise.resolve(recorded),
    askNodes: false,
    lookMs: 5000,
    patienceMs: 60_000,
  };
  const status = await watchRegions(world.context, watched, () => undefined, false);
  expect(status.groups).toHaveLength(20);
  expect(refused).toEqual([]);
});

it("a rollout of twenty groups, watched to its end, finds no bucket empty", async () => {
  const world = await fleets();
  for (const name of names(20)) world.group(name, 10);
  const { refused } = limitCalls(world.sim);
  const outcomes = await roll(world, request(names(20), { parallelGroups: 20 }));
  expect(outcomes.map(({ rollout }) => rollout.status)).toEqual(names(20).map(() => "succeeded"));
  expect(refused).toEqual([]);
});

it("is a bucket that runs dry: who asks more often than AWS allows is refused", async () => {
  const world = await fleets();
  world.group("workers", 1);
  const { refused } = limitCalls(world.sim);
  const client = new AutoScalingClient({
    region,
    endpoint: world.sim.endpoint,
    credentials: { accessKeyId: "AKIAOTHER", secretAccessKey: "other" },
    maxAttempts: 1,
  });
  const ask = (): Promise<string> =>
    client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["workers"] })).then(
      () => "answered",
      (error: unknown) => (error as Error).name,
    );
  const answers = await Promise.all(Array.from({ length: 110 }, ask));
  expect(answers.filter((answer) => answer === "answered")).toHaveLength(100);
  expect(answers.filter((answer) => answer === "Throttling")).toHaveLength(10);
  expect(refused).toHaveLength(10);
  world.sim.clock.advance(1000);
  expect(await ask()).toBe("answered");
});
