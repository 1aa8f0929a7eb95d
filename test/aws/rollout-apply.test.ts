import { describe, expect, it } from "vitest";
import { rolloutFailure } from "../../src/aws/rollout-record.ts";
import {
  fleets,
  newBuild,
  newImage,
  oldImage,
  region,
  request,
  roll,
  templateData,
  versionsIn,
} from "./fleets.ts";

describe("a rollout that replaces instances", () => {
  it("makes a numbered version, refreshes with it, and makes it the default when it has succeeded", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const outcomes = await roll(
      world,
      request(["workers"], { launchConfigs: { [`${region}/workers`]: '{"ignition":{}}' } }),
    );
    expect(outcomes[0]?.rollout).toMatchObject({
      group: "workers",
      status: "succeeded",
      buildId: newBuild.id,
      amiId: newImage,
      previous: { amiId: oldImage, version: 1 },
      launchTemplate: { version: 2 },
    });
    expect(versionsIn(group)).toEqual(["2", "2", "2", "2"]);
    expect(
      group.members.filter(({ lifecycle }) => lifecycle === "InService").map(({ imageId }) => imageId),
    ).toEqual(Array.from({ length: 4 }, () => newImage));
    const template = world.sim.world.launchTemplates[0];
    expect(template).toMatchObject({ defaultVersion: 2 });
    expect(template?.versions[1]?.data).toEqual({
      ...templateData,
      ImageId: newImage,
      UserData: Buffer.from('{"ignition":{}}').toString("base64"),
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
      TagSpecifications: [
        {
          ResourceType: "instance",
          Tags: [
            { Key: "team", Value: "nodes" },
            { Key: "igneous:spec", Value: "mainnet-node" },
            { Key: "igneous:build", Value: newBuild.id },
          ],
        },
        {
          ResourceType: "volume",
          Tags: [
            { Key: "igneous:spec", Value: "mainnet-node" },
            { Key: "igneous:build", Value: newBuild.id },
          ],
        },
      ],
    });
    const started = world.sim.calls.filter(({ operation }) => operation === "StartInstanceRefresh");
    expect(started).toHaveLength(1);
    expect(started[0]?.input).toMatchObject({
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: template?.id, Version: "2" } },
      Preferences: { AutoRollback: true, SkipMatching: true },
    });
    const changes = world.sim.calls
      .map(({ operation }) => operation)
      .filter((name) => !name.startsWith("Describe"));
    expect(changes).toEqual(["CreateLaunchTemplateVersion", "StartInstanceRefresh", "ModifyLaunchTemplate"]);
    expect(rolloutFailure(outcomes)).toBeUndefined();
  });

  it("does nothing when it is done already", async () => {
    const world = await fleets();
    world.group("workers", 2);
    const [first] = await roll(world, request(["workers"]));
    world.sim.calls.length = 0;
    const rollouts = first === undefined ? [] : [first.rollout];
    const [outcome] = await roll(world, request(["workers"], { rollouts }));
    expect(outcome?.rollout.status).toBe("unchanged");
    expect(world.sim.calls.every(({ operation }) => operation.startsWith("Describe"))).toBe(true);
  });

  it("rolls groups in order and stops at the first that fails", async () => {
    const world = await fleets();
    const masters = world.group("masters", 3);
    const workers = world.group("workers", 2);
    const groups = [
      { name: "masters", region, role: "control-plane" as const },
      { name: "workers", region },
    ];
    let fewest = 3;
    world.sim.observe(() => {
      fewest = Math.min(fewest, masters.members.filter(({ lifecycle }) => lifecycle === "InService").length);
    });
    await roll(world, request([], { groups }));
    expect(fewest).toBe(2);
    expect([...versionsIn(masters), ...versionsIn(workers)]).toEqual(["2", "2", "2", "2", "2"]);
    const sick = await fleets();
    sick.sim.world.fleet.images.set(newImage, "unhealthy");
    sick.group("masters", 3);
    const untouched = sick.group("workers", 2);
    const outcomes = await roll(sick, request([], { groups }));
    expect(outcomes.map(({ rollout }) => rollout.status)).toEqual(["rolled-back"]);
    expect(untouched.refreshes).toEqual([]);
  });

  it("stops at checkpoints, bakes and shows how far it is", async () => {
    const world = await fleets();
    world.group("workers", 4);
    const preferences = {
      instanceWarmup: 60,
      checkpointPercentages: [25, 100],
      checkpointDelay: 600,
      bakeTime: 300,
    };
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(
      outcome?.timeline.map(({ status }) => status).filter((status, index, all) => status !== all[index - 1]),
    ).toEqual(["Pending", "InProgress", "Baking", "Successful"]);
    const notes = world.context.events.map((event) => (event.type === "step-progress" ? event.note : ""));
    expect(notes.some((note) => note?.includes("checkpoint delay"))).toBe(true);
    expect(notes.some((note) => note?.includes("bake time"))).toBe(true);
  });

  it("moves the images that a mixed instances policy overrides", async () => {
    const world = await fleets();
    const { id } = world.template();
    const Overrides = ["m7i.large", "m6i.large"].map((InstanceType) => ({ InstanceType, ImageId: oldImage }));
    const mixed = {
      LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateId: id, Version: "1" }, Overrides },
    };
    const group = world.group("workers", 2, { template: { id, version: "1" }, mixed });
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
    expect(group.mixed?.LaunchTemplate?.Overrides?.map(({ ImageId }) => ImageId)).toEqual([
      newImage,
      newImage,
    ]);
    expect(group.members.at(-1)?.imageId).toBe(newImage);
  });
});
