import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import type { PublishBuild, PublishResult } from "../../src/aws/publish-types.ts";
import { applyGc, planGarbage } from "../../src/commands/gc.ts";
import type { Image } from "../fakes/aws/world.ts";
import { home, liveImages, operations, type Setting, setting } from "./publishing.ts";

const words = "a 0 b c";
const away = "us-east-1";
const regions = [home, away, "eu-west-1"];
const hour = 3_600_000;
const day = 24 * hour;

/** Somebody else's AMI in the second region, with the name that the build's AMIs get; made now. */
async function foreignAmi(s: Setting, build: PublishBuild): Promise<Image> {
  const elsewhere = { ...build, folder: `${build.folder}/foreign`, publish: { regions: [away] } };
  const { amis } = await publishBuild(s.context, s.aws, elsewhere);
  const image = s.sim.world.images.get(amis[0]?.amiId ?? "");
  if (image === undefined) throw new Error("nothing was registered");
  image.tags.clear();
  s.sim.world.snapshots.get(image.snapshotId)?.tags.clear();
  return image;
}

function expectTakenAway({ amis, failures }: PublishResult, foreign: Image): void {
  expect(amis.map(({ region }) => region)).toEqual([home, "eu-west-1"]);
  expect(failures).toEqual([
    {
      region: away,
      code: "aws-name-taken",
      message: expect.stringContaining(`AMI ${foreign.id} in ${away} has the name ${foreign.name}`),
      hint: expect.stringContaining(`aws ec2 deregister-image --region ${away} --image-id ${foreign.id}`),
    },
  ]);
}

/** Runs again with the name still taken, then with the name free; nothing may be made but the one copy. */
async function expectGoesOn(s: Setting, build: PublishBuild, foreign: Image): Promise<void> {
  const before = [s.sim.world.snapshots.size, s.sim.world.images.size];
  expectTakenAway(await publishBuild(s.context, s.aws, build), foreign);
  expect([s.sim.world.snapshots.size, s.sim.world.images.size]).toEqual(before);
  foreign.deregisteredAt = s.sim.clock.now();
  s.sim.calls.length = 0;
  const last = await publishBuild(s.context, s.aws, build);
  expect(last.failures).toEqual([]);
  expect(last.amis.map(({ region }) => region)).toEqual(regions);
  expect(operations(s.sim, true)).toEqual(["CopyImage"]);
  expect(liveImages(s).map(({ region }) => region)).toEqual(expect.arrayContaining(regions));
  expect(liveImages(s)).toHaveLength(3);
}

describe("a name that is taken in the second region", () => {
  it("is told before the upload; the others are done, and the next runs make one copy when it is free", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const foreign = await foreignAmi(s, build);
    s.sim.clock.advance(hour);
    s.sim.calls.length = 0;
    const told: string[][] = [];
    s.sim.observe(({ operation }, phase) => {
      if (operation !== "StartSnapshot" || phase !== "before") return;
      told.push(s.context.events.flatMap((event) => (event.type === "warning" ? [event.message] : [])));
    });
    expectTakenAway(await publishBuild(s.context, s.aws, build), foreign);
    s.sim.observe(undefined);
    expect(told).toEqual([[expect.stringContaining(`AMI ${foreign.id} in ${away} has the name`)]]);
    expect(s.sim.calls.filter((call) => call.operation === "CopyImage").map(({ region }) => region)).toEqual([
      "eu-west-1",
    ]);
    await expectGoesOn(s, build, foreign);
  });

  it("may get free while the disk is sent", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const foreign = await foreignAmi(s, build);
    s.sim.clock.advance(hour);
    s.sim.observe(({ operation }) => {
      if (operation === "CompleteSnapshot") foreign.deregisteredAt ??= s.sim.clock.now();
    });
    const { amis, failures } = await publishBuild(s.context, s.aws, build);
    expect(failures).toEqual([]);
    expect(amis).toHaveLength(3);
  });

  it("between the look and CopyImage is told as the other is, and nothing is made twice", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const foreign = await foreignAmi(s, build);
    s.sim.world.images.delete(foreign.id);
    s.sim.clock.advance(hour);
    s.sim.calls.length = 0;
    s.sim.observe(({ operation, region }, phase) => {
      if (operation !== "CopyImage" || region !== away || phase !== "before") return;
      s.sim.world.images.set(foreign.id, { ...foreign, createdAt: s.sim.clock.now() });
    });
    const result = await publishBuild(s.context, s.aws, build);
    s.sim.observe(undefined);
    const taken = s.sim.world.images.get(foreign.id);
    if (taken === undefined) throw new Error("CopyImage was not called");
    expectTakenAway(result, taken);
    const answers = s.sim.calls.filter(
      ({ operation, region }) => operation === "CopyImage" && region === away,
    );
    expect(answers.map(({ code }) => code)).toEqual(["InvalidAMIName.Duplicate"]);
    await expectGoesOn(s, build, taken);
  });

  it("leaves nothing that gc does not know, and gc leaves the foreign AMI alone", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const foreign = await foreignAmi(s, build);
    s.sim.clock.advance(hour);
    const { buildId, amis } = await publishBuild(s.context, s.aws, build);
    s.sim.clock.advance(2 * day);
    const asked = { specName: "mainnet-node", regions: [home], keep: 0, olderThanMs: day };
    const named = await planGarbage(s.context, { ...asked, builds: [{ buildId, amis }] }, s.aws);
    expect(named.remove).toEqual([]);
    expect(new Set(named.kept.map(({ why }) => why))).toEqual(new Set(["the lock names it"]));
    const unnamed = await planGarbage(s.context, { ...asked, builds: [] }, s.aws);
    expect(unnamed.remove).toHaveLength(4);
    await applyGc(s.context, unnamed, s.aws);
    expect(liveImages(s)).toEqual([foreign]);
    expect([...s.sim.world.snapshots.keys()]).toEqual([foreign.snapshotId]);
  });

  it("is not taken by a copy of ours that AWS lists already, whoever forgot it", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const first = await publishBuild(s.context, s.aws, build);
    const registered = s.sim.world.images.get(first.amis[0]?.amiId ?? "");
    if (registered !== undefined) registered.deregisteredAt = s.sim.clock.now();
    s.sim.clock.advance(hour);
    const again = await publishBuild(s.context, s.aws, { ...build, folder: `${build.folder}/again` });
    expect(again.failures).toEqual([]);
    expect(again.amis.slice(1).map(({ amiId }) => amiId)).toEqual(
      first.amis.slice(1).map(({ amiId }) => amiId),
    );
    const warnings = s.context.events.filter(({ type }) => type === "warning");
    expect(warnings).toEqual([]);
  });
});
