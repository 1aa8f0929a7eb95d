import { describe, expect, it } from "vitest";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import type { GroupState } from "../../src/aws/fleet-status-types.ts";
import { planRollout } from "../../src/aws/rollout-plan.ts";
import { renderPlan } from "../../src/aws/rollout-text.ts";
import {
  planOf,
  fleets,
  newBuild,
  newImage,
  oldBuild,
  oldImage,
  region,
  request,
  templateData,
} from "./fleets.ts";

describe("a rollout's plan", () => {
  it("tells image, template, instances in order, capacity and the way back, and changes nothing", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const plan = await planOf(world, request(["workers"]));
    expect(plan.blockers).toEqual([]);
    expect(plan.groups[0]).toMatchObject({
      name: "workers",
      amiId: newImage,
      template: { from: 1, to: 2, action: "create" },
      capacity: { desired: 4, lowest: 3, highest: 4, atOnce: 1, steps: 4 },
      wayBack: { version: 1, amiId: oldImage, buildId: oldBuild.id, possible: true },
    });
    expect(plan.groups[0]?.instances.map(({ instanceId }) => instanceId)).toEqual(
      group.members.map(({ id }) => id),
    );
    expect(plan.groups[0]?.instances[0]).toMatchObject({ action: "replace", buildId: oldBuild.id });
    expect(plan.cannotBeUndone.join()).toContain("4 instances will be terminated");
    expect(JSON.stringify(plan)).not.toContain(templateData.UserData);
    expect(world.sim.calls.every(({ operation }) => operation.startsWith("Describe"))).toBe(true);
  });

  it("has the same digest while the group breathes, and another when what is done changes", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const { digest } = await planOf(world, request(["workers"]));
    group.desired = 6;
    group.members.pop();
    expect((await planOf(world, request(["workers"]))).digest).toBe(digest);
    const other = request(["workers"], { preferences: { instanceWarmup: 1 } });
    expect((await planOf(world, other)).digest).not.toBe(digest);
    const template = world.sim.world.launchTemplates[0];
    template?.versions.push({ number: 2, imageId: oldImage, data: { ...templateData, EbsOptimized: true } });
    expect((await planOf(world, request(["workers"]))).digest).toBe(digest);
    group.template = { ...group.template, version: "2" };
    expect((await planOf(world, request(["workers"]))).digest).not.toBe(digest);
  });

  it("reads well: the order, all instances and the time first, problems with their region where names repeat", async () => {
    const world = await fleets();
    const two = [world.group("workers", 3), world.group("workers", 2, { region: "us-east-1" })];
    const preferences = { instanceWarmup: 60, checkpointPercentages: [50, 100], checkpointDelay: 600 };
    for (const { members } of two) if (members[0] !== undefined) members[0].protected = true;
    const groups = two.map(({ name, region: place }) => ({ name, region: place }));
    const wanted = request([], { groups, preferences });
    const state = await readFleet(world.context, world.aws, { groups: groups.slice(0, 1), images: [] });
    const second = { ...state.groups[0], region: "us-east-1" } as GroupState;
    const images = [newImage, oldImage].flatMap((imageId) =>
      state.images.slice(0, 1).map((image) => ({ ...image, imageId, region })),
    );
    const target = {
      ...newBuild,
      amis: [region, "us-east-1"].map((place) => ({ region: place, amiId: newImage })),
    };
    const plan = planRollout(
      {
        ...state,
        groups: [...state.groups, second],
        images: [...images, ...images.map((image) => ({ ...image, region: "us-east-1" }))],
      },
      { ...wanted, target: { kind: "build", build: target }, builds: [target, oldBuild] },
    );
    const minutes = plan.groups.map(({ capacity }) => capacity.minutes);
    expect(plan.minutes).toBe(minutes.reduce((sum, one) => sum + one, 0));
    const text = renderPlan(plan);
    expect(text).toContain(`\n2 groups in this order, 4 instances, about ${plan.minutes} min in all\n`);
    expect(text).toContain("instances  3: 2 replaced, 1 waited for\n");
    expect(text).toContain("pauses at  50, 100 %, for 10 min each\n");
    expect(text).toMatch(/\n {2}workers in us-east-1: /u);
  });

  it("keeps instances that match already, and takes a version that says the same", async () => {
    const world = await fleets();
    const group = world.group("workers", 3);
    const first = await planOf(world, request(["workers"]));
    expect(first.groups[0]?.template.action).toBe("create");
    const done = {
      ...templateData,
      ImageId: newImage,
      MetadataOptions: { HttpTokens: "required" as const, HttpPutResponseHopLimit: 2 },
      TagSpecifications: (["instance", "volume"] as const).map((ResourceType) => ({
        ResourceType,
        Tags: [
          ...(ResourceType === "instance" ? [{ Key: "team", Value: "nodes" }] : []),
          { Key: "igneous:build", Value: newBuild.id },
          { Key: "igneous:spec", Value: "mainnet-node" },
        ],
      })),
    };
    world.sim.world.launchTemplates[0]?.versions.push({ number: 2, imageId: newImage, data: done });
    const [member] = group.members;
    if (member !== undefined) Object.assign(member, { imageId: newImage, templateVersion: "2" });
    const plan = await planOf(world, request(["workers"]));
    expect(plan.groups[0]?.template).toMatchObject({ to: 2, action: "reuse" });
    expect(plan.groups[0]?.instances.map(({ action }) => action)).toEqual(["replace", "replace", "keep"]);
    for (const each of group.members) Object.assign(each, { imageId: newImage, templateVersion: "2" });
    group.template.version = "2";
    const preferences = { checkpointPercentages: [50, 100], checkpointDelay: 600 };
    const nothing = await planOf(world, request(["workers"], { preferences }));
    expect(nothing.minutes).toBe(0);
    expect(renderPlan(nothing)).toContain(
      `\nworkers in ${region}\n  nothing to replace: each of 3 runs ${newImage}, launch template version 2\n\nplan `,
    );
  });

  it("takes control-plane nodes one at a time", async () => {
    const world = await fleets();
    world.group("masters", 3);
    const groups = [{ name: "masters", region, role: "control-plane" as const }];
    const wanted = request([], {
      groups,
      preferences: { minHealthyPercentage: 0, maxHealthyPercentage: 100 },
    });
    const { groups: planned } = await planOf(world, wanted);
    expect(planned[0]?.preferences).toMatchObject({ minHealthyPercentage: 66, maxHealthyPercentage: null });
    expect(planned[0]?.capacity).toMatchObject({ lowest: 2, highest: 3, atOnce: 1, steps: 3 });
  });

  it.each([
    ["$Latest", "follows $Latest"],
    ["$Default", "follows $Default"],
  ])("is blocked by a group on %s, with the command that pins it", async (version, message) => {
    const world = await fleets();
    const { id } = world.template();
    world.group("workers", 1, { template: { id, version } });
    const { blockers } = await planOf(world, request(["workers"]));
    expect(blockers[0]?.message).toContain(message);
    expect(blockers[0]?.hint).toContain(`LaunchTemplateId=${id},Version=1`);
  });

  it("is blocked without a way back, without the image, with suspended processes and hidden root disks", async () => {
    const world = await fleets();
    world.sim.world.images.delete(oldImage);
    world.group("gone", 1);
    world.group("paused", 1, { suspended: new Set(["Terminate"]) });
    const disk = [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId: "snap-0123456789abcdef0" } }];
    const hiding = world.template({ ...templateData, ImageId: newImage, BlockDeviceMappings: disk });
    world.group("hidden", 1, { template: { id: hiding.id, version: "1" } });
    const plan = await planOf(world, request(["gone", "paused", "hidden"]));
    const of = (name: string): string =>
      plan.blockers
        .filter(({ group }) => group === name)
        .map(({ message }) => message)
        .join("\n");
    expect(of("gone")).toContain(`there is no way back: AMI ${oldImage} of the running version is gone`);
    expect(of("paused")).toContain("Terminate of the group are suspended");
    expect(of("hidden")).toContain("would hide the new image");
    world.sim.world.images.delete(newImage);
    expect((await planOf(world, request(["gone"]))).blockers[0]?.message).toContain(
      `AMI ${newImage} is not in`,
    );
  });

  it("warns of outages, protected instances and unfinished checkpoints", async () => {
    const world = await fleets();
    const group = world.group("one", 1);
    const held = world.group("held", 2);
    for (const member of held.members) member.protected = true;
    const { cautions } = await planOf(
      world,
      request(["one", "held"], { preferences: { checkpointPercentages: [50] } }),
    );
    const text = cautions.map(({ message }) => message).join("\n");
    expect(text).toContain("for a time no instance is in service");
    expect(text).toContain("protected from scale-in");
    expect(text).toContain("the last checkpoint is 50 %");
    expect(group.refreshes).toEqual([]);
  });

  it("refuses groups and regions that are not there", async () => {
    const world = await fleets();
    await expect(planOf(world, request(["nowhere"]))).rejects.toMatchObject({
      code: "rollout-group-missing",
    });
    world.group("far", 1, { region: "us-east-1" });
    const groups = [{ name: "far", region: "us-east-1" }];
    await expect(planOf(world, request([], { groups }))).rejects.toMatchObject({ exitCode: 1 });
  });
});
