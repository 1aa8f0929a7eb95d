import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { openAws } from "../../src/aws/session.ts";
import { expectContent, home, operations, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";
const three = [home, "us-east-1", "eu-west-1"];

describe("bad days", () => {
  it("sits out ten minutes of throttling, and gives up after fifteen", async () => {
    const { sim, context, aws, bake } = await setting();
    const throttled = { kind: "error", code: "RequestLimitExceeded", status: 503 } as const;
    sim.faults.add({ service: "ec2", forMs: 600_000, effect: throttled });
    const slow = { kind: "error", code: "RequestThrottledException" } as const;
    sim.faults.add({ service: "ebs", operation: "PutSnapshotBlock", times: 20, effect: slow });
    const { amis } = await publishBuild(context, aws, await bake("b1", words));
    expectContent(sim, amis[0]?.snapshotId ?? "", words);
    sim.faults.add({ service: "ec2", effect: throttled });
    const failed = publishBuild(context, aws, await bake("b2", words));
    await expect(failed).rejects.toMatchObject({
      code: "aws-throttled",
      hint: expect.stringContaining("wait"),
    });
  });

  it("sends a block again after a fault, a cut connection, a lost answer, an HTML page and damage on the way", async () => {
    const { sim, context, aws, bake } = await setting();
    const operation = "PutSnapshotBlock";
    sim.faults.add({ operation, times: 2, effect: { kind: "error", code: "InternalServerException" } });
    sim.faults.add({ operation, times: 2, effect: { kind: "reset" } });
    sim.faults.add({ operation, times: 2, effect: { kind: "lost" } });
    sim.faults.add({ operation, times: 2, effect: { kind: "html", status: 503 } });
    sim.faults.add({
      operation,
      times: 2,
      effect: { kind: "error", code: "InvalidSignatureException", status: 403 },
    });
    const { amis } = await publishBuild(context, aws, await bake("b1", words));
    expectContent(sim, amis[0]?.snapshotId ?? "", words);
    expect(amis[0]?.blocks?.sent).toBe(5);
  });

  it("does not wait for ever for a call that nobody answers", async () => {
    const { sim, context, bake } = await setting();
    const aws = openAws(context, { clock: sim.clock, attemptMs: 200 });
    sim.faults.add({ operation: "PutSnapshotBlock", times: 3, effect: { kind: "hang" } });
    const { amis } = await publishBuild(context, aws, await bake("b1", words));
    expectContent(sim, amis[0]?.snapshotId ?? "", words);
  });

  it("makes one of each when every answer that makes something is lost once", async () => {
    const { sim, context, aws, bake } = await setting({ regions: three, ssmParameter: "/igneous/ami" });
    for (const operation of [
      "StartSnapshot",
      "CompleteSnapshot",
      "RegisterImage",
      "CopyImage",
      "PutParameter",
    ]) {
      sim.faults.add({ operation, times: 1, effect: { kind: "lost" } });
    }
    const { amis, failures } = await publishBuild(context, aws, await bake("b1", words));
    expect(failures).toEqual([]);
    expect(amis).toHaveLength(3);
    expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([3, 3]);
  });

  it("waits until AWS sees what it just made", async () => {
    const { sim, context, aws, bake } = await setting({ regions: three, accounts: ["222233334444"] });
    sim.world.dataPlaneLagMs = 110_000;
    sim.world.describeLagMs = 40_000;
    const { amis, failures } = await publishBuild(context, aws, await bake("b1", words));
    expect(failures).toEqual([]);
    expect(amis).toHaveLength(3);
    expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([3, 3]);
  });

  it("finishes the other regions when a copy fails, says which, and makes it anew in the next run", async () => {
    const { sim, context, aws, bake } = await setting({ regions: three });
    sim.world.failingCopies.set("us-east-1", "the KMS key is disabled");
    const build = await bake("b1", words);
    const { amis, failures } = await publishBuild(context, aws, build);
    expect(amis.map(({ region }) => region)).toEqual([home, "eu-west-1"]);
    expect(failures).toEqual([
      {
        region: "us-east-1",
        code: "aws-failed",
        message: expect.stringContaining("the KMS key is disabled"),
        hint: expect.stringContaining("run the same command again"),
      },
    ]);
    sim.world.failingCopies.clear();
    const second = await publishBuild(context, aws, build);
    expect(second.failures).toEqual([]);
    expect(second.amis.map(({ amiId }) => amiId)).toEqual(
      expect.arrayContaining(amis.map(({ amiId }) => amiId)),
    );
    const live = [...sim.world.images.values()].filter(({ deregisteredAt }) => deregisteredAt === undefined);
    expect(live).toHaveLength(3);
    expect(sim.world.snapshots.size).toBe(3);
  });

  it("makes one of each when two machines publish the same build at once", async () => {
    const { sim, context, aws, bake } = await setting({ regions: three });
    const build = await bake("b1", words);
    const other = openAws(context, { clock: sim.clock });
    const results = await Promise.all([
      publishBuild(context, aws, build, { inFlight: 1 }),
      publishBuild(context, other, { ...build, folder: `${build.folder}/elsewhere` }),
    ]);
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    const ids = results.map(({ amis }) => amis.map(({ amiId }) => amiId));
    expect(ids[0]).toEqual(ids[1]);
    expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([3, 3]);
  });

  it("asks nothing twice in a row when all goes well", async () => {
    const { sim, context, aws, bake } = await setting();
    await publishBuild(context, aws, await bake("b1", words));
    expect(operations(sim, true)).toEqual([
      "StartSnapshot",
      ...Array.from({ length: 5 }, () => "PutSnapshotBlock"),
      "CompleteSnapshot",
      "RegisterImage",
    ]);
  });
});
