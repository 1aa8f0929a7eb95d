import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { openAws } from "../../src/aws/session.ts";
import { expectContent, home, operations, setting } from "./publishing.ts";

const words = "a 0 b c 0 d e 0";
const three = [home, "us-east-1", "eu-west-1"];
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

  it("names a foreign AMI that has the name, and leaves it alone", async () => {
    const { sim, context, aws, bake } = await setting();
    const first = await publishBuild(context, aws, await bake("b1", words));
    sim.world.images.get(first.amis[0]?.amiId ?? "")?.tags.clear();
    const build = await bake("b1", "other disk");
    const again = { ...build, folder: `${build.folder}/again` };
    await expect(publishBuild(context, aws, again)).rejects.toMatchObject({
      code: "aws-name-taken",
      message: expect.stringContaining(first.amis[0]?.amiId ?? "?"),
    });
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
