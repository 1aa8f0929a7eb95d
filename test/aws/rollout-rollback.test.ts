import { describe, expect, it } from "vitest";
import { describeFleet, type GroupStatus } from "../../src/aws/fleet-status.ts";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import { applyRollback, type RollbackOutcome } from "../../src/aws/rollout-rollback.ts";
import { planRollback } from "../../src/aws/rollout-rollback-plan.ts";
import type { RollbackRequest } from "../../src/aws/rollout-rollback-target.ts";
import { renderFleetStatus } from "../../src/aws/fleet-status-text.ts";
import type { LockedRollout } from "../../src/aws/rollout-types.ts";
import {
  after,
  type Fleets,
  fleets,
  newBuild,
  newImage,
  oldBuild,
  oldImage,
  region,
  request,
  roll,
  versionsIn,
} from "./fleets.ts";

async function back(
  world: Fleets,
  rollouts: readonly LockedRollout[] = [],
  more: Partial<RollbackRequest> = {},
): Promise<RollbackOutcome> {
  const wanted: RollbackRequest = {
    specName: "mainnet-node",
    group: { name: "workers", region },
    builds: [newBuild, oldBuild],
    rollouts,
    preferences: { instanceWarmup: 0 },
    ...more,
  };
  return applyRollback(
    world.context,
    world.aws,
    wanted,
    await planRollback(world.context, world.aws, wanted),
  );
}

/** Starts a rollout and lets go of it after some minutes. */
async function letGo(world: Fleets, minutes: number): Promise<void> {
  const stop = new AbortController();
  after(world, minutes, () => stop.abort(new Error("let go")));
  const context = { ...world.context, signal: stop.signal };
  await expect(roll({ ...world, context }, request(["workers"]))).rejects.toThrow("let go");
}

async function statusOf(world: Fleets, rollouts: readonly LockedRollout[]): Promise<GroupStatus | undefined> {
  const state = await readFleet(world.context, world.aws, {
    groups: [{ name: "workers", region }],
    images: [],
    brief: true,
  });
  return describeFleet(state, { builds: [newBuild, oldBuild], rollouts }).groups[0];
}

describe("rollback of a fleet", () => {
  it("turns a refresh that is under way around", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    await letGo(world, 4);
    expect(versionsIn(group)).toContain("2");
    expect(await statusOf(world, [])).toMatchObject({
      summary: expect.stringMatching(/^rolling at \d+ % \(InProgress, refresh /u),
      next: "igneous rollback --fleet workers",
    });
    expect(await back(world)).toMatchObject({ status: "returned", refreshId: group.refreshes[0]?.id });
    expect(versionsIn(group)).toEqual(["1", "1", "1", "1"]);
    expect(group.refreshes).toHaveLength(1);
  });

  it("cancels what AWS cannot turn around, says why, and rolls the group to its own settings", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const { autoScaling } = world.others;
    const LaunchTemplateId = world.sim.world.launchTemplates[0]?.id ?? "";
    await world.others.ec2.createLaunchTemplateVersion({
      LaunchTemplateId,
      SourceVersion: "1",
      LaunchTemplateData: { ImageId: newImage },
    });
    await autoScaling.startInstanceRefresh({
      AutoScalingGroupName: "workers",
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId, Version: "2" } },
    });
    world.sim.clock.advance(13000);
    world.sim.faults.add({
      operation: "RollbackInstanceRefresh",
      effect: { kind: "error", code: "IrreversibleInstanceRefresh", message: "uses an SSM parameter" },
    });
    expect(await back(world)).toMatchObject({ status: "returned" });
    expect(group.refreshes.map(({ status }) => status)).toEqual(["Successful", "Cancelled"]);
    expect(versionsIn(group)).toEqual(["1", "1", "1", "1"]);
    const warning = world.context.events.find(({ type }) => type === "warning");
    expect(warning).toMatchObject({ message: expect.stringContaining("uses an SSM parameter") });
  });

  it("follows a rollback that is under way: there is no rollback of a rollback", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    await letGo(world, 4);
    await world.others.autoScaling.rollbackInstanceRefresh({ AutoScalingGroupName: "workers" });
    expect(await back(world)).toMatchObject({ status: "returned" });
    expect(group.refreshes.map(({ status }) => status)).toEqual(["RollbackSuccessful"]);
  });

  it("returns after success to the version that ran before, once; then it wants a name", async () => {
    const world = await fleets();
    const group = world.group("workers", 3);
    const [first] = await roll(world, request(["workers"]));
    const rollouts = first === undefined ? [] : [first.rollout];
    const outcome = await back(world, rollouts);
    expect(outcome.rollout?.rollout).toMatchObject({
      status: "succeeded",
      amiId: oldImage,
      buildId: oldBuild.id,
      launchTemplate: { version: 1 },
      rollbackOf: first?.rollout.id,
    });
    expect(versionsIn(group)).toEqual(["1", "1", "1"]);
    expect(world.sim.world.launchTemplates[0]).toMatchObject({ defaultVersion: 1, versions: { length: 2 } });
    const both = outcome.rollout === undefined ? [] : [outcome.rollout.rollout, ...rollouts];
    await expect(back(world, both)).rejects.toMatchObject({ code: "rollback-unclear" });
    const again = await back(world, both, { to: "bbbbbb" });
    expect(again.rollout?.rollout).toMatchObject({ amiId: newImage, launchTemplate: { version: 2 } });
    expect(versionsIn(group)).toEqual(["2", "2", "2"]);
  });

  it("is refused when the previous AMI is deregistered, before anything is called", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const [first] = await roll(world, request(["workers"]));
    const image = world.sim.world.images.get(oldImage);
    if (image !== undefined) image.deregisteredAt = world.sim.clock.now();
    await expect(back(world, first === undefined ? [] : [first.rollout])).rejects.toMatchObject({
      code: "rollout-blocked",
      message: expect.stringContaining(`AMI ${oldImage} is not in ${region}`),
    });
    expect(group.refreshes).toHaveLength(1);
  });

  it("tells that a way back failed, and status explains the state in one screen", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    await letGo(world, 4);
    for (const zone of group.zones) world.sim.world.fleet.full.add(zone);
    const outcome = await back(world);
    expect(outcome.status).toBe("failed");
    expect(outcome.explanation.join("\n")).toMatch(/sufficient m7i\.large capacity/u);
    const status = await statusOf(world, []);
    expect(status?.summary).toMatch(/^drift after refresh .* was RollbackFailed/u);
    expect(status?.drift.map(({ kind }) => kind)).toEqual(["other-version"]);
    expect(group.template.version).toBe("1");
  });

  it("refuses a build that the lock does not have, and a group without history", async () => {
    const world = await fleets();
    world.group("workers", 1);
    await expect(back(world, [], { to: "cccc" })).rejects.toMatchObject({ code: "build-unknown" });
    await expect(back(world)).rejects.toMatchObject({ code: "rollback-unclear" });
  });
});

describe("status of a fleet", () => {
  it("names builds, and drift of image, version and group", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const [first] = await roll(world, request(["workers"]));
    const rollouts = first === undefined ? [] : [first.rollout];
    expect(await statusOf(world, rollouts)).toMatchObject({
      drift: [],
      running: [{ buildId: newBuild.id, imageId: newImage, templateVersion: 2, count: 4 }],
      expected: { amiId: newImage, version: 2 },
      summary: "4 × bbbbbbbbbbbb",
      next: null,
    });
    const serving = group.members.filter(({ lifecycle }) => lifecycle === "InService");
    Object.assign(serving[0] ?? {}, { imageId: "ami-0ccccccccccccccc3" });
    Object.assign(serving[1] ?? {}, { imageId: oldImage, templateVersion: "1" });
    expect((await statusOf(world, rollouts))?.drift.map(({ kind }) => kind)).toEqual([
      "unlocked-image",
      "other-version",
      "other-image",
    ]);
    group.template = { ...group.template, version: "1" };
    const status = await statusOf(world, rollouts);
    expect(status?.drift.map(({ kind }) => kind)).toContain("group-version");
  });

  it("shows a region that cannot be read, and the others all the same", async () => {
    const world = await fleets();
    world.group("workers", 2);
    world.sim.faults.add({
      region: "us-east-1",
      effect: { kind: "error", code: "UnauthorizedOperation", status: 403 },
    });
    const groups = [
      { name: "workers", region },
      { name: "workers", region: "us-east-1" },
    ];
    const state = await readFleet(world.context, world.aws, { groups, images: [], brief: true });
    const text = renderFleetStatus(describeFleet(state, { builds: [oldBuild], rollouts: [] }));
    expect(text).toContain("workers in eu-central-1: 2 of 2 in service");
    expect(text).toContain("us-east-1 could not be read: autoscaling:DescribeAutoScalingGroups");
  });

  it("needs calls in proportion to pages, not to instances", async () => {
    const world = await fleets();
    const { id } = world.template();
    const groups = Array.from({ length: 3 }, (_, index) => ({ name: `g${index}`, region }));
    for (const { name } of groups) world.group(name, 1000, { template: { id, version: "1" } });
    const state = await readFleet(world.context, world.aws, { groups, images: [], brief: true });
    expect(state.groups.reduce((sum, { instances }) => sum + instances.length, 0)).toBe(3000);
    expect(
      state.groups.every(({ instances }) => instances.every(({ imageId }) => imageId === oldImage)),
    ).toBe(true);
    // One page of groups, three of instances, one look at each group's refreshes, one at the images.
    expect(state.calls).toBe(8);
    expect(world.sim.calls).toHaveLength(8);
  });
});
