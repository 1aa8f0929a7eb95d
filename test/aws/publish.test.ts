import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { expectContent, home, operations, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";

describe("publish", () => {
  it("makes the disk an AMI whose snapshot holds its bytes", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", words);
    const { amis, failures } = await publishBuild(context, aws, build);
    expect(failures).toEqual([]);
    expect(amis).toEqual([
      {
        account: "111122223333",
        region: home,
        amiId: expect.stringMatching(/^ami-/u),
        snapshotId: expect.stringMatching(/^snap-/u),
        encrypted: false,
        blocks: { total: 8, nonZero: 5, changed: 5, sent: 5 },
      },
    ]);
    expectContent(sim, amis[0]?.snapshotId ?? "", words);
    const image = sim.world.images.get(amis[0]?.amiId ?? "");
    expect(image?.name).toBe("mainnet-node-b1");
    expect(image?.fixed).toMatchObject({
      BootMode: "uefi",
      ImdsSupport: "v2.0",
      EnaSupport: true,
      Architecture: "x86_64",
    });
    expect(Object.fromEntries(image?.tags ?? [])).toMatchObject({
      "igneous:build": "b1",
      "igneous:spec": "mainnet-node",
      "igneous:disk": build.disk.sha256,
    });
  });

  it("sends as many blocks at once as the spec says", async () => {
    const { sim, context, aws, bake } = await setting({ inFlight: 3 });
    let [busy, most] = [0, 0];
    sim.observe(async ({ operation }, phase) => {
      if (operation !== "PutSnapshotBlock") return;
      busy += phase === "before" ? 1 : -1;
      most = Math.max(most, busy);
      // Long enough for all that may be under way to arrive.
      if (phase === "before") await new Promise((resolve) => setTimeout(resolve, 20));
    });
    const letters = [..."abcdefghijklmnopqrst"].join(" ");
    const { failures } = await publishBuild(context, aws, await bake("b1", letters));
    expect(failures).toEqual([]);
    expect(most).toBe(3);
  });

  it("copies, shares, deprecates, protects and names the AMI in every region", async () => {
    const { sim, context, aws, bake } = await setting({
      regions: [home, "us-east-1", "ap-southeast-2"],
      accounts: ["222233334444"],
      organizations: ["arn:aws:organizations::111122223333:organization/o-abc"],
      tags: { team: "nodes" },
      deprecateAfter: "90d",
      protect: true,
      ssmParameter: "/igneous/mainnet-node/ami",
    });
    const { amis, failures } = await publishBuild(context, aws, await bake("b1", words));
    expect(failures).toEqual([]);
    expect(amis.map(({ region }) => region)).toEqual([home, "us-east-1", "ap-southeast-2"]);
    for (const { region, amiId, snapshotId } of amis) {
      const image = sim.world.images.get(amiId);
      expectContent(sim, snapshotId, words);
      expect(image?.permissions).toEqual([
        { UserId: "222233334444" },
        { OrganizationArn: "arn:aws:organizations::111122223333:organization/o-abc" },
      ]);
      expect(image?.protection).toBe("enabled");
      expect(image?.tags.get("team")).toBe("nodes");
      expect(sim.world.snapshots.get(snapshotId)?.tags.get("igneous:build")).toBe("b1");
      const days = ((image?.deprecateAt?.getTime() ?? 0) - (image?.createdAt ?? 0)) / 86_400_000;
      expect(days).toBeCloseTo(90, 2);
      const parameter = sim.world.parameters.get(`111122223333 ${region} /igneous/mainnet-node/ami`);
      expect(parameter?.versions.map(({ value }) => value)).toEqual([amiId]);
    }
  });

  it("changes nothing when it is run again, with its journal or without", async () => {
    const { sim, context, aws, bake } = await setting({
      regions: [home, "us-east-1"],
      accounts: ["222233334444"],
      deprecateAfter: "4w",
      protect: true,
      ssmParameter: "/igneous/ami",
    });
    const build = await bake("b1", words);
    const first = await publishBuild(context, aws, build);
    sim.calls.length = 0;
    expect(await publishBuild(context, aws, build)).toEqual(first);
    expect(operations(sim, true)).toEqual([]);
    await rm(join(build.folder, "publish.json"));
    const { amis } = await publishBuild(context, aws, build);
    expect(amis.map(({ amiId }) => amiId)).toEqual(first.amis.map(({ amiId }) => amiId));
    expect(operations(sim, true)).toEqual([]);
  });

  it("sends only what differs from the previous build, zeros over old data included", async () => {
    const { sim, context, aws, bake } = await setting({ regions: [home, "us-east-1"] });
    const before = await bake("b1", "a 0 b c x d e 0");
    const { amis } = await publishBuild(context, aws, before);
    sim.calls.length = 0;
    const parent = { buildId: "b1", folder: before.folder, amis };
    const after = await publishBuild(context, aws, await bake("b2", "a 0 B c 0 d e 0", { parent }));
    expect(after.amis[0]).toMatchObject({
      parentSnapshotId: amis[0]?.snapshotId,
      blocks: { total: 8, nonZero: 5, changed: 2, sent: 2 },
    });
    expect(operations(sim).filter((name) => name === "PutSnapshotBlock")).toHaveLength(2);
    for (const { snapshotId } of after.amis) expectContent(sim, snapshotId, "a 0 B c 0 d e 0");
  });

  it("sends everything when the parent is gone, encrypted differently, or its digests are lost, and says so", async () => {
    const { sim, context, aws, bake } = await setting();
    const before = await bake("b1", "a b c");
    const { amis } = await publishBuild(context, aws, before);
    const gone = amis.map((ami) => ({ ...ami, snapshotId: "snap-0123456789abcdef0" }));
    const kmsKeys = { [home]: `arn:aws:kms:${home}:111122223333:key/11111111-2222-4333-8444-555555555555` };
    const cases = [
      { id: "gone", parent: { buildId: "b1", folder: before.folder, amis: gone }, why: "is gone" },
      { id: "lost", parent: { buildId: "b1", folder: "/nonexistent", amis }, why: "has no block digests" },
      {
        id: "key",
        parent: { buildId: "b1", folder: before.folder, amis },
        why: "encrypted differently",
        kmsKeys,
      },
    ];
    for (const { id, parent, why, kmsKeys: keys } of cases) {
      const build = await bake(id, "a b C", { parent });
      const spec = keys === undefined ? build.publish : { ...build.publish, kmsKeys: keys };
      const result = await publishBuild(context, aws, { ...build, publish: spec });
      expect(result.amis[0]?.blocks).toMatchObject({ changed: 3, sent: 3 });
      expect(result.amis[0]?.encrypted).toBe(keys !== undefined);
      expect(result.amis[0]).not.toHaveProperty("parentSnapshotId");
      expectContent(sim, result.amis[0]?.snapshotId ?? "", "a b C");
      const notes = context.events.flatMap((event) => (event.type === "note" ? [event.message] : []));
      expect(notes.at(-1)).toContain(why);
    }
  });

  it("publishes a disk that equals its parent's without a block", async () => {
    const { sim, context, aws, bake } = await setting();
    const before = await bake("b1", "a b c");
    const { amis } = await publishBuild(context, aws, before);
    const parent = { buildId: "b1", folder: before.folder, amis };
    const { amis: after } = await publishBuild(context, aws, await bake("b2", "a b c", { parent }));
    expect(after[0]?.blocks).toMatchObject({ changed: 0, sent: 0 });
    expectContent(sim, after[0]?.snapshotId ?? "", "a b c");
  });

  it("refuses a disk that changed since its bake, before anything is made", async () => {
    const { sim, context, aws, bake } = await setting();
    const build = await bake("b1", "a b c");
    await bake("b1", "a b X");
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({
      code: "disk-changed",
      exitCode: 4,
    });
    expect(sim.calls).toEqual([]);
  });
});
