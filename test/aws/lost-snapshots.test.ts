import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { openAws } from "../../src/aws/session.ts";
import { expectContent, operations, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";

describe("snapshots and AMIs that fail, are late, or are taken away", () => {
  it("starts a new snapshot when EBS gives the old one up, and removes that", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    sim.faults.add({
      operation: "CompleteSnapshot",
      effect: { kind: "error", code: "AccessDeniedException" },
    });
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-access-denied" });
    const [first = ""] = sim.world.snapshots.keys();
    sim.faults.clear();
    sim.clock.advance(5 * 3_600_000);
    const { amis } = await publishBuild(context, aws, build);
    expect([...sim.world.snapshots.keys()]).toEqual([amis[0]?.snapshotId]);
    expect(amis[0]?.snapshotId).not.toBe(first);
    expectContent(sim, amis[0]?.snapshotId ?? "", words);
  });

  it("gives up after three snapshots that EBS could not finish, and leaves none of them", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    sim.world.snapshotsFail = true;
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-snapshot-failed" });
    expect(sim.world.snapshots.size).toBe(0);
    sim.world.snapshotsFail = false;
    await publishBuild(context, aws, build);
    expect(sim.world.snapshots.size).toBe(1);
  });

  it("stops waiting for a snapshot or an AMI after hours, and the next run waits for the same one", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    sim.world.completionMs = 90 * 60_000;
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-timeout" });
    sim.world.registerMs = 5 * 3_600_000;
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-timeout" });
    await publishBuild(context, aws, build);
    expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([1, 1]);
  });

  it("makes a snapshot of its own in another home region, and leaves alone what an earlier run made elsewhere", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    const first = await publishBuild(context, aws, { ...build, publish: { regions: ["us-east-1"] } });
    sim.calls.length = 0;
    const regions = ["eu-central-1", "us-east-1"];
    const second = await publishBuild(context, aws, { ...build, publish: { regions } });
    expect(second.failures).toEqual([]);
    expect(second.amis.map(({ region }) => region)).toEqual(regions);
    expect(second.amis[1]?.amiId).toBe(first.amis[0]?.amiId);
    expect(context.events.filter(({ type }) => type === "warning")).toEqual([]);
    expect(operations(sim, true)).not.toContain("DeleteSnapshot");
    expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([2, 2]);
    for (const { snapshotId } of second.amis) expectContent(sim, snapshotId, words);
  });

  it("says when AWS cannot be reached", async () => {
    const { sim, context, bake } = await setting();
    const env = { ...context.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const aws = openAws({ ...context, env }, { clock: sim.clock });
    const failed = publishBuild(context, aws, await bake("b1", words));
    await expect(failed).rejects.toMatchObject({ code: "aws-unreachable" });
  });

  it("goes on where somebody deleted its snapshot or its AMI meanwhile", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    sim.faults.add({ operation: "RegisterImage", effect: { kind: "error", code: "UnauthorizedOperation" } });
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-access-denied" });
    sim.faults.clear();
    sim.world.snapshots.clear();
    sim.world.tokens.clear();
    const { amis } = await publishBuild(context, aws, build);
    const image = sim.world.images.get(amis[0]?.amiId ?? "");
    if (image !== undefined) image.deregisteredAt = sim.clock.now();
    const again = await publishBuild(context, aws, build);
    expect(again.amis[0]?.snapshotId).toBe(amis[0]?.snapshotId);
    expect(again.amis[0]?.amiId).not.toBe(amis[0]?.amiId);
  });

  it("replaces an unfinished snapshot of a run whose journal is lost and whose parent was another", async () => {
    const { sim, context, aws, bake } = await setting();
    const before = await bake("b0", "a b");
    const { amis } = await publishBuild(context, aws, before);
    const parent = { buildId: "b0", folder: before.folder, amis };
    const build = await bake("b1", words, { parent });
    sim.faults.add({
      operation: "CompleteSnapshot",
      effect: { kind: "error", code: "AccessDeniedException" },
    });
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({ code: "aws-access-denied" });
    sim.faults.clear();
    const { parent: _parent, ...plain } = build;
    const second = await publishBuild(context, aws, { ...plain, folder: `${build.folder}/elsewhere` });
    expect(sim.world.snapshots.size).toBe(2);
    expectContent(sim, second.amis[0]?.snapshotId ?? "", words);
  });
});
