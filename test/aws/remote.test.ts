import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { renderIamPolicy } from "../../src/commands/iam-policy.ts";
import { planPublish, publish } from "../../src/commands/publish.ts";
import { status } from "../../src/commands/status.ts";
import { verifyRemote } from "../../src/commands/verify-remote.ts";
import { applyGc, planGarbage } from "../../src/commands/gc.ts";
import { blockDigest } from "../../src/aws/block-map.ts";
import { block } from "./disks.ts";
import { home, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";
const full = {
  regions: [home, "us-east-1"],
  accounts: ["222233334444"],
  deprecateAfter: "90d",
  protect: true,
  ssmParameter: "/igneous/ami",
  tags: { team: "nodes" },
};

describe("verify --remote", () => {
  it("reads every block of every region back and finds them equal", async () => {
    const { sim, context, aws, bake } = await setting(full);
    const before = await bake("b0", "a x b");
    const parent = {
      buildId: "b0",
      folder: before.folder,
      amis: (await publishBuild(context, aws, before)).amis,
    };
    const build = await bake("b1", words, { parent });
    const { amis } = await publishBuild(context, aws, build);
    sim.faults.add({ operation: "GetSnapshotBlock", times: 3, effect: { kind: "truncate", bytes: 1000 } });
    const check = await verifyRemote(context, { build, amis }, aws);
    expect(check.drift).toEqual([]);
    expect(check.amis.map(({ blocks }) => blocks)).toEqual([6, 6]);
  });

  it("names each difference: blocks, attributes, sharing, tags, protection, deprecation", async () => {
    const { sim, context, aws, bake } = await setting(full);
    const build = await bake("b1", words);
    const { amis } = await publishBuild(context, aws, build);
    const image = sim.world.images.get(amis[0]?.amiId ?? "");
    const snapshot = sim.world.snapshots.get(amis[0]?.snapshotId ?? "");
    if (image === undefined || snapshot === undefined) throw new Error("not published");
    snapshot.blocks.set(2, { data: block("evil"), digest: blockDigest(block("evil")) });
    snapshot.blocks.delete(3);
    image.permissions.push({ UserId: "999988887777" });
    image.tags.delete("team");
    image.protection = "disabled";
    image.deprecateAt = undefined;
    const { drift } = await verifyRemote(context, { build, amis }, aws);
    expect(drift.map(({ what }) => what).sort()).toEqual([
      "block 2",
      "block 3",
      "deprecation",
      "deregistration protection",
      "launch permission",
      "tag team",
    ]);
    expect(new Set(drift.map(({ region }) => region))).toEqual(new Set([home]));
    expect(drift.find(({ what }) => what === "launch permission")).toMatchObject({
      wanted: "222233334444",
      found: "222233334444 999988887777",
    });
    image.deregisteredAt = 1;
    const gone = await verifyRemote(context, { build, amis }, aws);
    expect(gone.drift).toEqual([
      { region: home, amiId: image.id, what: "AMI", wanted: "available", found: "missing" },
    ]);
  });
});

describe("status", () => {
  it("tells of every AMI of the lock whether it is there, and does not wait for a region that fails", async () => {
    const { sim, context, aws, bake } = await setting({
      regions: [home, "us-east-1", "eu-west-1"],
      deprecateAfter: "1w",
    });
    const result = await publishBuild(context, aws, await bake("b1", words));
    const image = sim.world.images.get(result.amis[1]?.amiId ?? "");
    if (image !== undefined) image.deregisteredAt = 1;
    sim.faults.add({ region: "eu-west-1", effect: { kind: "error", code: "UnauthorizedOperation" } });
    const [build] = await status(context, { builds: [result] }, aws);
    expect(build?.amis.map(({ region, state }) => [region, state])).toEqual([
      [home, "available"],
      ["us-east-1", "missing"],
      ["eu-west-1", "unknown"],
    ]);
    expect(build?.amis[0]?.deprecatedAt).toMatch(/^2026-11-29T/u);
    expect(build?.amis[2]?.problem).toContain("ec2:DescribeImages");
  });
});

describe("dry run", () => {
  it("names every changing call that the publish then makes, in its place, and asks AWS nothing", async () => {
    const { sim, context, aws, bake } = await setting(full);
    const build = await bake("b1", words);
    const plan = await planPublish(context, { build }, new Date(sim.clock.now()));
    expect(sim.calls).toEqual([]);
    expect(plan.blocks).toEqual({ total: 8, nonZero: 5, changed: 5 });
    await publish(context, { build }, aws);
    const real = sim.calls.filter(({ operation }) => !/^(Describe|Get|List)/u.test(operation));
    for (const region of full.regions) {
      const planned = plan.calls
        .filter((call) => call.region === region)
        .flatMap(({ service, operation, times }) =>
          Array.from({ length: times }, () => `${service}:${operation}`),
        );
      const made = real.filter((call) => call.region === region);
      expect(made.map(({ service, operation }) => `${service}:${operation}`)).toEqual(planned);
    }
    const register = plan.calls.find(({ operation }) => operation === "RegisterImage")?.input;
    expect(register).toMatchObject({ Name: "mainnet-node-b1", BootMode: "uefi", ImdsSupport: "v2.0" });
    const started = real.find(({ operation }) => operation === "StartSnapshot");
    expect(plan.calls[0]?.input).toEqual(started?.input);
  });

  it("keeps to the regions that are asked for", async () => {
    const { context, bake } = await setting({
      ...full,
      kmsKeys: { [home]: `arn:aws:kms:${home}:111122223333:key/1` },
    });
    const build = await bake("b1", words);
    const plan = await planPublish(context, { build, regions: ["us-west-2"] }, new Date());
    expect(new Set(plan.calls.map(({ region }) => region))).toEqual(new Set(["us-west-2"]));
  });
});

describe("iam-policy", () => {
  const actionsOf = (command: string): readonly string[] => {
    const policy = renderIamPolicy({ command, specName: "mainnet-node", publish: full });
    return policy.Statement.flatMap(({ Action }) => Action);
  };

  it("allows every call that the command makes, and little that it does not", async () => {
    const { sim, context, aws, bake } = await setting(full);
    const build = await bake("b1", words);
    const called = (): ReadonlySet<string> => {
      const names = new Set(sim.calls.map(({ service, operation }) => `${service}:${operation}`));
      sim.calls.length = 0;
      return names;
    };
    const { amis } = await publishBuild(context, aws, build);
    const spare = ["ec2:CreateTags", "ec2:DeleteSnapshot", "ec2:DeregisterImage"];
    expect(new Set(actionsOf("publish"))).toEqual(new Set([...called(), ...spare]));
    await status(context, { builds: [{ buildId: "b1", amis }] }, aws);
    expect(new Set(actionsOf("status"))).toEqual(called());
    await verifyRemote(context, { build, amis }, aws);
    expect(new Set(actionsOf("verify"))).toEqual(new Set([...called(), "ssm:GetParameter"]));
    sim.clock.advance(10 * 86_400_000);
    sim.world.launchTemplates.push({
      id: "lt-0123456789abcdef0",
      name: "nodes",
      region: home,
      versions: [{ number: 1, imageId: "ami-0123456789abcdef0" }],
    });
    const request = { specName: "mainnet-node", builds: [], regions: [home], keep: 0, olderThanMs: 0 };
    await applyGc(context, await planGarbage(context, { ...request, ssmParameter: "/other" }, aws), aws);
    expect(new Set(actionsOf("gc"))).toEqual(new Set([...called(), "ssm:GetParameters"]));
  });

  it("asks for nothing that the spec does not use, and knows its commands", () => {
    const policy = renderIamPolicy({ command: "publish", specName: "n", publish: { regions: [home] } });
    const actions = policy.Statement.flatMap(({ Action }) => Action);
    expect(
      actions.filter((action) => /^(kms|ssm):|CopyImage|ModifyImage|Deprecation|Protection/u.test(action)),
    ).toEqual([]);
    const failed = (): unknown =>
      renderIamPolicy({ command: "publsh", specName: "n", publish: { regions: [home] } });
    expect(failed).toThrow(expect.objectContaining({ code: "usage", hint: "did you mean 'publish'?" }));
  });
});
