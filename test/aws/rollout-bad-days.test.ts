import { describe, expect, it } from "vitest";
import { applyRollout } from "../../src/aws/rollout-apply.ts";
import { readForRollout } from "../../src/aws/rollout-read.ts";
import { rolloutFailure } from "../../src/aws/rollout-record.ts";
import { planRollout, refusePlan } from "../../src/aws/rollout-plan.ts";
import {
  after,
  fleets,
  newImage,
  oldImage,
  region,
  request,
  roll,
  templateData,
  versionsIn,
} from "./fleets.ts";

describe("bad days of a rollout", () => {
  it("a new AMI that is never healthy: AWS goes back, and the reason is told", async () => {
    const world = await fleets();
    world.sim.world.fleet.images.set(newImage, "unhealthy");
    const group = world.group("workers", 4);
    const outcomes = await roll(world, request(["workers"]));
    expect(outcomes[0]?.rollout.status).toBe("rolled-back");
    expect(versionsIn(group)).toEqual(["1", "1", "1", "1"]);
    expect(group.template.version).toBe("1");
    expect(world.sim.world.launchTemplates[0]?.defaultVersion).toBe(1);
    const failure = rolloutFailure(outcomes);
    expect(failure).toMatchObject({ code: "rollout-rolled-back", exitCode: 5 });
    expect(failure?.message).toContain(`went back to ${oldImage}`);
    expect(failure?.message).toMatch(/\d+ new instances failed the health check, such as i-0/u);
  });

  it("the first wave is good and the second bad: all of it goes back", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const preferences = { instanceWarmup: 0, checkpointPercentages: [25, 100], checkpointDelay: 1800 };
    after(world, 20, () => world.sim.world.fleet.images.set(newImage, "unhealthy"));
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(outcome?.rollout.status).toBe("rolled-back");
    expect(versionsIn(group)).toEqual(["1", "1", "1", "1"]);
  });

  it("an alarm in the middle: AWS goes back and names it", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    after(world, 5, () => world.sim.world.fleet.alarms.set("geth-behind", "ALARM"));
    const outcomes = await roll(
      world,
      request(["workers"], { preferences: { instanceWarmup: 0, alarms: ["geth-behind"] } }),
    );
    expect(outcomes[0]?.rollout.status).toBe("rolled-back");
    expect(rolloutFailure(outcomes)?.message).toContain("geth-behind");
    expect(versionsIn(group)).toEqual(["1", "1", "1", "1"]);
  });

  it("an alarm that is not OK at the start: nothing is started", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    world.sim.world.fleet.alarms.set("geth-behind", "INSUFFICIENT_DATA");
    const wanted = request(["workers"], { preferences: { alarms: ["geth-behind"] } });
    await expect(roll(world, wanted)).rejects.toThrow("alarm geth-behind is INSUFFICIENT_DATA");
    expect(group.refreshes).toEqual([]);
  });

  it("someone else's refresh is under way: refused, and named", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    await world.others.autoScaling.startInstanceRefresh({ AutoScalingGroupName: "workers" });
    await expect(roll(world, request(["workers"]))).rejects.toMatchObject({
      code: "rollout-active",
      message: expect.stringContaining(group.refreshes[0]?.id ?? "none"),
    });
    expect(group.refreshes).toHaveLength(1);
  });

  it("the group is scaled out and in under us: it ends on the new image", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    after(world, 3, () => void (group.desired = 7));
    after(world, 4, () => void (group.desired = 5));
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
    expect(versionsIn(group).filter((version) => version === "2")).toHaveLength(5);
  });

  it("the group is deleted under us: told, not waited for", async () => {
    const world = await fleets();
    world.group("workers", 4);
    const wanted = { AutoScalingGroupName: "workers", ForceDelete: true };
    after(world, 3, () => void world.others.autoScaling.deleteAutoScalingGroup(wanted));
    await expect(roll(world, request(["workers"]))).rejects.toMatchObject({
      code: "rollout-failed",
      message: expect.stringContaining("was deleted while it was rolled"),
    });
  });

  it("the launch template is edited under us: ours is a numbered version, theirs changes nothing", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const LaunchTemplateId = world.sim.world.launchTemplates[0]?.id ?? "";
    after(world, 2, () => {
      const LaunchTemplateData = { InstanceType: "t3.nano" as const };
      void world.others.ec2.createLaunchTemplateVersion({
        LaunchTemplateId,
        SourceVersion: "1",
        LaunchTemplateData,
      });
    });
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout).toMatchObject({ status: "succeeded", launchTemplate: { version: 2 } });
    expect(versionsIn(group)).toEqual(["2", "2"]);
    expect(world.sim.world.launchTemplates[0]?.versions).toHaveLength(3);
  });

  it("an instance is protected from scale-in: waited for, then gone back, and the instance named", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const [member] = group.members;
    if (member !== undefined) member.protected = true;
    const outcomes = await roll(world, request(["workers"]));
    expect(outcomes[0]?.rollout.status).toBe("rolled-back");
    expect(rolloutFailure(outcomes)?.message).toContain(`${member?.id} is protected`);
  });

  it("no spare capacity: gone back, and EC2's words told", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    for (const zone of group.zones) world.sim.world.fleet.full.add(zone);
    const preferences = { instanceWarmup: 0, minHealthyPercentage: 100, maxHealthyPercentage: 150 };
    const outcomes = await roll(world, request(["workers"], { preferences }));
    expect(outcomes[0]?.rollout.status).toBe("rolled-back");
    expect(rolloutFailure(outcomes)?.message).toContain("do not have sufficient m7i.large capacity");
    expect(versionsIn(group)).toEqual(["1", "1"]);
  });

  it("the API is throttled for ten minutes: the rollout is followed to its end", async () => {
    const world = await fleets();
    world.group("workers", 4);
    after(world, 2, () =>
      world.sim.faults.add({
        service: "autoscaling",
        forMs: 600_000,
        effect: { kind: "error", code: "Throttling" },
      }),
    );
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
  });

  it("the network is lost for five minutes: told once, and followed to its end", async () => {
    const world = await fleets();
    world.group("workers", 4);
    after(world, 2, () => world.sim.faults.add({ forMs: 300_000, effect: { kind: "reset" } }));
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
    const warnings = world.context.events.filter(({ type }) => type === "warning");
    expect(warnings).toHaveLength(1);
  });

  it("the answer of the start is lost: the refresh that it started is followed", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    world.sim.faults.add({ operation: "StartInstanceRefresh", times: 1, effect: { kind: "lost" } });
    world.sim.faults.add({ operation: "CreateLaunchTemplateVersion", times: 1, effect: { kind: "lost" } });
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
    expect(group.refreshes).toHaveLength(1);
    expect(world.sim.world.launchTemplates[0]?.versions).toHaveLength(2);
  });

  it("Ctrl-C detaches and says how to attach; the same command attaches", async () => {
    const world = await fleets();
    const group = world.group("workers", 4);
    const stop = new AbortController();
    after(world, 4, () => stop.abort(new Error("stopped by the test")));
    const wanted = request(["workers"]);
    const context = { ...world.context, signal: stop.signal };
    await expect(roll({ ...world, context }, wanted)).rejects.toThrow("stopped by the test");
    const warning = world.context.events.find(({ type }) => type === "warning");
    expect(warning).toMatchObject({ message: expect.stringContaining("goes on in AWS") });
    expect(group.refreshes[0]?.status).toBe("InProgress");
    const [outcome] = await roll(world, wanted);
    expect(outcome?.rollout).toMatchObject({ status: "succeeded", id: group.refreshes[0]?.id });
    expect(group.refreshes).toHaveLength(1);
    expect(world.sim.world.launchTemplates[0]?.versions).toHaveLength(2);
  });

  it("what would be done has changed since the review: refused before anything is called", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const { context, aws } = world;
    const wanted = request(["workers"]);
    const state = await readForRollout(context, aws, wanted);
    const plan = planRollout(state, wanted);
    const other = planRollout(state, { ...wanted, launchConfigs: { [`${region}/workers`]: "{}" } });
    expect(() => refusePlan(other, plan.digest)).toThrow("changed");
    world.sim.world.launchTemplates[0]?.versions.push({
      number: 2,
      imageId: oldImage,
      data: { ...templateData, EbsOptimized: true },
    });
    group.template = { ...group.template, version: "2" };
    await expect(applyRollout(context, aws, { state, plan, request: wanted })).rejects.toMatchObject({
      code: "rollout-plan-changed",
      exitCode: 4,
    });
    expect(group.refreshes).toEqual([]);
  });

  it("new things are seen late: waited for", async () => {
    const world = await fleets();
    world.group("workers", 2);
    world.sim.world.describeLagMs = 40_000;
    const [outcome] = await roll(world, request(["workers"]));
    expect(outcome?.rollout.status).toBe("succeeded");
  });
});
