import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { openAws } from "../../src/aws/session.ts";
import { home, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";
const key = (region: string): string =>
  `arn:aws:kms:${region}:111122223333:key/11111111-2222-4333-8444-555555555555`;

describe("what AWS refuses", () => {
  const refusals = [
    {
      code: "ExpiredTokenException",
      operation: "StartSnapshot",
      becomes: "aws-credentials",
      hint: "aws sso login",
    },
    {
      code: "RequestExpired",
      operation: "DescribeImages",
      becomes: "aws-credentials",
      hint: "aws sso login",
    },
    {
      code: "AuthFailure",
      operation: "DescribeImages",
      becomes: "aws-credentials",
      hint: "get-caller-identity",
    },
    {
      code: "AccessDeniedException",
      operation: "StartSnapshot",
      becomes: "aws-access-denied",
      hint: '"ebs:StartSnapshot"',
    },
    {
      code: "UnauthorizedOperation",
      operation: "RegisterImage",
      becomes: "aws-access-denied",
      hint: '"ec2:RegisterImage"',
    },
    { code: "OptInRequired", operation: "DescribeImages", becomes: "aws-region", hint: `'${home}'` },
    {
      code: "ServiceQuotaExceededException",
      operation: "StartSnapshot",
      becomes: "aws-quota",
      hint: "igneous gc",
    },
    {
      code: "ConcurrentLimitExceededException",
      operation: "StartSnapshot",
      becomes: "aws-quota",
      hint: "igneous gc",
    },
    {
      code: "KMSKeyNotAccessibleFault",
      operation: "RegisterImage",
      becomes: "aws-kms-key",
      hint: `kmsKeys.${home}`,
    },
    {
      code: "InvalidParameterValue",
      operation: "RegisterImage",
      becomes: "aws-failed",
      hint: "run the same command again",
    },
  ] as const;
  for (const { code, operation, becomes, hint } of refusals) {
    it(`says what to do about ${code} of ${operation}, and goes on afterwards`, async () => {
      const { sim, context, aws, bake } = await setting();
      const build = await bake("b1", words);
      sim.faults.add({ operation, effect: { kind: "error", code } });
      const failed = publishBuild(context, aws, build);
      await expect(failed).rejects.toMatchObject({
        code: becomes,
        message: expect.stringMatching(new RegExp(`${operation}.* in ${home} failed: ${code}`, "u")),
        hint: expect.stringContaining(hint),
      });
      sim.faults.clear();
      await publishBuild(context, aws, build);
      expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([1, 1]);
    });
  }

  it("names a foreign AMI that has the name, before anything is sent, and leaves it alone", async () => {
    const { sim, context, aws, bake } = await setting();
    const first = await publishBuild(context, aws, await bake("b1", words));
    sim.world.images.get(first.amis[0]?.amiId ?? "")?.tags.clear();
    await sim.clock.sleep(3_600_000, context.signal);
    const build = await bake("b1", "other disk");
    const again = { ...build, folder: `${build.folder}/again` };
    const before = sim.world.snapshots.size;
    await expect(publishBuild(context, aws, again)).rejects.toMatchObject({
      code: "aws-name-taken",
      message: expect.stringContaining(first.amis[0]?.amiId ?? "?"),
    });
    expect(sim.world.snapshots.size).toBe(before);
  });

  it("names a young foreign AMI that only RegisterImage refuses, and goes on with the same snapshot when that is gone", async () => {
    const { sim, context, aws, bake } = await setting();
    const first = await publishBuild(context, aws, await bake("b1", "x y"));
    const foreign = sim.world.images.get(first.amis[0]?.amiId ?? "");
    if (foreign === undefined) throw new Error("nothing was registered");
    const young = { ...foreign, createdAt: sim.clock.now(), tags: new Map() };
    sim.world.images.set(foreign.id, young);
    const before = new Set(sim.world.snapshots.keys());
    const baked = await bake("b1", words);
    const build = { ...baked, folder: `${baked.folder}/again` };
    await expect(publishBuild(context, aws, build)).rejects.toMatchObject({
      code: "aws-name-taken",
      message: expect.stringContaining(foreign.id),
      hint: expect.stringContaining("deregister that AMI"),
    });
    const made = [...sim.world.snapshots.values()].filter(({ id }) => !before.has(id));
    expect(made.map(({ tags }) => tags.get("igneous:build"))).toEqual(["b1"]);
    sim.world.images.set(foreign.id, { ...young, deregisteredAt: sim.clock.now() });
    const { amis } = await publishBuild(context, aws, build);
    expect(amis.map(({ snapshotId }) => snapshotId)).toEqual(made.map(({ id }) => id));
    expect(sim.world.snapshots.size).toBe(before.size + 1);
  });

  it("takes a failed AMI with the name for no obstacle, as EC2 does", async () => {
    const { sim, context, aws, bake } = await setting();
    const first = await publishBuild(context, aws, await bake("b1", words));
    const failed = sim.world.images.get(first.amis[0]?.amiId ?? "");
    if (failed === undefined) throw new Error("nothing was registered");
    sim.world.images.set(failed.id, { ...failed, failure: "the snapshot was lost" });
    await sim.clock.sleep(3_600_000, context.signal);
    const build = await bake("b1", words);
    const second = await publishBuild(context, aws, { ...build, folder: `${build.folder}/again` });
    expect(second.failures).toEqual([]);
    expect(second.amis[0]?.amiId).not.toBe(failed.id);
  });

  it("finds a KMS key of another region, an account that is none, and a shared image under the default key in the spec", async () => {
    const { sim, context, aws, bake } = await setting({
      regions: [home, "us-east-1", "us-east-1", "Mars"],
      kmsKeys: { [home]: key("us-east-1") },
      encrypted: true,
      accounts: ["1234"],
      deprecateAfter: "soon",
      ssmParameter: "/aws/mine",
      tags: { "igneous:build": "x" },
    });
    const failed = publishBuild(context, aws, await bake("b1", words));
    await expect(failed).rejects.toMatchObject({
      code: "input-invalid",
      message: expect.stringContaining(
        `publish.kmsKeys.${home}: the key is of us-east-1; wanted one of ${home}`,
      ),
    });
    const { message } = (await failed.catch((error: Error) => error)) as Error;
    expect(message.split("\n")).toHaveLength(9);
    expect(sim.calls).toEqual([]);
  });

  it("says so when there are no credentials", async () => {
    const { sim, context, bake } = await setting();
    const env = { PATH: process.env["PATH"], HOME: "/nonexistent", AWS_ENDPOINT_URL: sim.endpoint };
    const saved = { ...process.env };
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" });
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_ACCESS")) delete process.env[name];
    try {
      const aws = openAws({ ...context, env }, { clock: sim.clock });
      await expect(publishBuild(context, aws, await bake("b1", words))).rejects.toMatchObject({
        code: "aws-credentials",
        hint: expect.stringContaining("AWS_PROFILE"),
      });
    } finally {
      Object.assign(process.env, saved);
    }
  });
});
