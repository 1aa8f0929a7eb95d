import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import type { PublishBuild, PublishedAmi } from "../../src/aws/publish-types.ts";
import { applyGc, planGarbage } from "../../src/commands/gc.ts";
import { home, operations, type Setting, setting } from "./publishing.ts";

const day = 86_400_000;

interface Published {
  readonly buildId: string;
  readonly amis: readonly PublishedAmi[];
}

/** Publishes builds a day apart, so that each has its age. */
async function publishAll(
  s: Setting,
  ids: readonly string[],
  more: Partial<PublishBuild> = {},
): Promise<Published[]> {
  const published: Published[] = [];
  for (const id of ids) {
    published.push(await publishBuild(s.context, s.aws, await s.bake(id, `${id} 0 b`, more)));
    s.sim.clock.advance(day);
  }
  return published;
}

function request(
  builds: readonly Published[],
  more: { keep?: number; olderThanMs?: number; ssmParameter?: string } = {},
) {
  return { specName: "mainnet-node", builds, regions: [home], keep: 0, olderThanMs: day, ...more };
}

const live = (s: Setting): readonly string[] => [
  ...[...s.sim.world.images.values()]
    .filter((image) => image.deregisteredAt === undefined)
    .map(({ id }) => id),
  ...s.sim.world.snapshots.keys(),
];
const idsOf = (builds: readonly Published[]): readonly string[] =>
  builds.flatMap(({ amis }) => amis.flatMap(({ amiId, snapshotId }) => [amiId, snapshotId]));

describe("gc", () => {
  it("removes what the lock no longer names, in every region, AMIs before snapshots, protected ones too", async () => {
    const s = await setting({ regions: [home, "us-east-1"], protect: true });
    const [old, current] = await publishAll(s, ["b1", "b2"]);
    if (old === undefined || current === undefined) throw new Error("not published");
    const plan = await planGarbage(s.context, request([current]), s.aws);
    expect(plan.regions).toEqual(s.sim.world.regions);
    expect(plan.remove.map(({ id }) => id).sort()).toEqual([...idsOf([old])].sort());
    expect(plan.remove.map(({ region, kind }) => `${region} ${kind}`)).toEqual([
      `${home} ami`,
      `${home} snapshot`,
      "us-east-1 ami",
      "us-east-1 snapshot",
    ]);
    expect(new Set(plan.kept.map(({ why }) => why))).toEqual(new Set(["the lock names it"]));
    expect(live(s)).toHaveLength(8);
    const result = await applyGc(s.context, plan, s.aws);
    expect(result.failures).toEqual([]);
    expect([...live(s)].sort()).toEqual([...idsOf([current])].sort());
    const again = await planGarbage(s.context, request([current]), s.aws);
    expect(again.remove).toEqual([]);
  });

  it("changes nothing while it plans", async () => {
    const s = await setting();
    await publishAll(s, ["b1", "b2"]);
    s.sim.calls.length = 0;
    await planGarbage(s.context, request([]), s.aws);
    expect(operations(s.sim, true)).toEqual([]);
  });

  it("keeps the newest builds and young ones when asked", async () => {
    const s = await setting();
    await publishAll(s, ["b1", "b2", "b3", "b4"]);
    const kept = await planGarbage(s.context, request([], { keep: 2 }), s.aws);
    expect([...new Set(kept.remove.map(({ buildId }) => buildId))]).toEqual(["b1", "b2"]);
    const young = await planGarbage(s.context, request([], { olderThanMs: 3 * day }), s.aws);
    expect([...new Set(young.remove.map(({ buildId }) => buildId))]).toEqual(["b1", "b2"]);
  });

  it("leaves alone what an instance, a launch template version, a group or the parameter uses, and what another spec owns", async () => {
    const s = await setting({ ssmParameter: "/igneous/ami" });
    const ids = ["run", "stop", "dead", "template", "alias", "group", "parameter"];
    const builds = await publishAll(s, ids);
    const foreign = await publishAll(s, ["foreign"], {
      specName: "other-spec",
      publish: { regions: [home] },
    });
    const ami = (id: string): string => builds.find(({ buildId }) => buildId === id)?.amis[0]?.amiId ?? "";
    const { world } = s.sim;
    world.instances.push(
      { id: "i-1", region: home, imageId: ami("run"), state: "running" },
      { id: "i-2", region: home, imageId: ami("stop"), state: "stopped" },
      { id: "i-3", region: home, imageId: ami("dead"), state: "terminated" },
    );
    const alias = { name: "/other", region: home, account: "111122223333" };
    const version = { value: ami("alias"), dataType: "aws:ec2:image", at: 0 };
    world.parameters.set(`111122223333 ${home} /other`, { ...alias, versions: [version] });
    world.launchTemplates.push({
      id: "lt-0123456789abcdef0",
      name: "nodes",
      region: home,
      versions: [
        { number: 1, imageId: ami("template") },
        { number: 2, imageId: "resolve:ssm:/other" },
      ],
    });
    const launchTemplate = { id: "lt-0123456789abcdef0", version: "2" };
    world.groups.push({ name: "workers", region: home, launchTemplate, overrideImages: [ami("group")] });
    const plan = await planGarbage(s.context, request([], { ssmParameter: "/igneous/ami" }), s.aws);
    expect([...new Set(plan.remove.map(({ buildId }) => buildId))]).toEqual(["dead"]);
    const why = new Map(
      plan.kept.filter(({ kind }) => kind === "ami").map((item) => [item.buildId, item.why]),
    );
    expect(Object.fromEntries(why)).toEqual({
      run: "used by instance i-1",
      stop: "used by instance i-2",
      template: "used by launch template nodes version 1",
      alias: "used by launch template nodes version 2",
      group: "used by Auto Scaling group workers",
      parameter: "used by parameter /igneous/ami",
    });
    await applyGc(s.context, plan, s.aws);
    expect(live(s)).toEqual(expect.arrayContaining([...idsOf(foreign)]));
    expect(live(s)).toHaveLength(14);
  });

  it("removes unfinished and unregistered snapshots when they are old, and keeps them while they may be in use", async () => {
    const s = await setting();
    const build = await s.bake("b1", "a 0 b");
    s.sim.faults.add({
      operation: "CompleteSnapshot",
      effect: { kind: "error", code: "AccessDeniedException" },
    });
    await expect(publishBuild(s.context, s.aws, build)).rejects.toThrow();
    s.sim.faults.clear();
    const young = await planGarbage(s.context, request([]), s.aws);
    expect(young.kept.map(({ why }) => why)).toEqual(["it may still be uploaded"]);
    s.sim.faults.add({
      operation: "RegisterImage",
      effect: { kind: "error", code: "UnauthorizedOperation" },
    });
    await expect(publishBuild(s.context, s.aws, build)).rejects.toThrow();
    s.sim.clock.advance(2 * day);
    const old = await planGarbage(s.context, request([]), s.aws);
    expect(old.remove.map(({ why }) => why)).toEqual(["no AMI is made of it"]);
    await applyGc(s.context, old, s.aws);
    expect(live(s)).toEqual([]);
  });

  it("takes the region that does not answer out, says so, and plans the others", async () => {
    const s = await setting({ regions: [home, "us-east-1"] });
    await publishAll(s, ["b1"]);
    s.sim.faults.add({
      region: home,
      operation: "DescribeInstances",
      effect: { kind: "error", code: "UnauthorizedOperation" },
    });
    const plan = await planGarbage(s.context, request([]), s.aws);
    expect([...new Set(plan.remove.map(({ region }) => region))]).toEqual(["us-east-1"]);
    expect(plan.failures).toMatchObject([{ region: home, code: "aws-access-denied" }]);
  });

  it("reports what could not be removed and removes the rest; run twice at once, both succeed", async () => {
    const s = await setting();
    await publishAll(s, ["b1", "b2"]);
    const plan = await planGarbage(s.context, request([]), s.aws);
    s.sim.faults.add({
      operation: "DeregisterImage",
      times: 1,
      effect: { kind: "error", code: "UnauthorizedOperation" },
    });
    const first = await applyGc(s.context, plan, s.aws);
    expect(first.failures.map(({ code }) => code)).toEqual(["aws-access-denied", "aws-failed"]);
    expect(first.removed).toHaveLength(2);
    const rest = await planGarbage(s.context, request([]), s.aws);
    const both = await Promise.all([applyGc(s.context, rest, s.aws), applyGc(s.context, rest, s.aws)]);
    expect(both.flatMap(({ failures }) => failures)).toEqual([]);
    expect(live(s)).toEqual([]);
  });
});
