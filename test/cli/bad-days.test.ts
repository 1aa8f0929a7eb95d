import { appendFile, cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Fault } from "../fakes/aws/faults.ts";
import { expectInOrder, publishSetting } from "./publish-setting.ts";
import { requireTool } from "../tools.ts";

const publish = ["publish", "--no-boot-test"];
const regions = "{ regions: [eu-central-1, us-east-1] }";
const foreignKey =
  "{ regions: [eu-central-1], kmsKeys: { eu-central-1: arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555 } }";

interface BadDay {
  readonly day: string;
  readonly operation: string;
  readonly answer: string;
  readonly exit: number;
  /** What a person reads, in this order. */
  readonly says: readonly string[];
}

const days: readonly BadDay[] = [
  {
    day: "expired credentials",
    operation: "StartSnapshot",
    answer: "ExpiredTokenException",
    exit: 1,
    says: ["[aws-credentials]", "StartSnapshot", "in eu-central-1", "next: ", "aws sso login"],
  },
  {
    day: "a missing permission",
    operation: "RegisterImage",
    answer: "UnauthorizedOperation",
    exit: 1,
    says: [
      "[aws-access-denied]",
      "ec2:RegisterImage",
      'add "ec2:RegisterImage"',
      "igneous iam-policy publish",
    ],
  },
  {
    day: "a region that is not enabled",
    operation: "DescribeImages",
    answer: "OptInRequired",
    exit: 1,
    says: ["[aws-region]", "next: correct the spelling of 'eu-central-1' in publish.regions, or enable"],
  },
  {
    day: "a used-up quota",
    operation: "StartSnapshot",
    answer: "ServiceQuotaExceededException",
    exit: 1,
    says: ["[aws-quota]", "next: ask for a higher quota in eu-central-1", "igneous gc"],
  },
  {
    day: "a KMS key that may not be used",
    operation: "RegisterImage",
    answer: "KMSKeyNotAccessibleFault",
    exit: 1,
    says: ["[aws-kms-key]", "next: name a KMS key of eu-central-1", "publish.kmsKeys.eu-central-1"],
  },
];

describe("igneous publish on a bad day, at the command line", () => {
  for (const { day, operation, answer, exit, says } of days) {
    it(`${day}: one error that says what and where, and the next run goes on`, async () => {
      const { sim, igneous } = await publishSetting("{ regions: [eu-central-1] }");
      const fault: Fault = { operation, effect: { kind: "error", code: answer } };
      sim.faults.add(fault);
      const failed = await igneous(publish);
      expect(failed.exit).toBe(exit);
      expectInOrder(failed.stderr, says);
      expect(failed.stdout).toBe("");
      sim.faults.clear();
      expect((await igneous(publish)).exit).toBe(0);
      expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([1, 1]);
    });
  }

  it("credentials that AWS refuses: found out before a disk is booted", async () => {
    const { sim, igneous } = await publishSetting("{ regions: [eu-central-1] }");
    sim.faults.add({ operation: "DescribeImages", effect: { kind: "error", code: "AuthFailure" } });
    const { exit, stderr } = await igneous(["publish"]);
    expect(exit).toBe(1);
    expectInOrder(stderr, ["[aws-credentials]", "next: check the access key"]);
  });

  it("no credentials: says how to give some", async () => {
    const { sim, folder, igneous } = await publishSetting("{ regions: [eu-central-1] }");
    const saved = { ...process.env };
    // The SDK looks into the process itself.
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", HOME: folder });
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_ACCESS")) delete process.env[name];
    try {
      const { exit, stderr } = await igneous(publish, {
        env: { AWS_ENDPOINT_URL: sim.endpoint, HOME: folder },
      });
      expect(exit).toBe(1);
      expectInOrder(stderr, ["[aws-credentials]", "next: set AWS_PROFILE, run 'aws sso login'"]);
    } finally {
      process.env = saved;
    }
  });

  it("a KMS key of another region: refused at its line of the spec, before a call", async () => {
    const { sim, igneous } = await publishSetting(foreignKey);
    const { exit, stderr } = await igneous(publish);
    expect(exit).toBe(3);
    expectInOrder(stderr, ["igneous.yaml:4:", "the key is of us-east-1; wanted one of eu-central-1"]);
    expect(sim.calls).toEqual([]);
  });

  it("a region that is misspelt: refused at its line of the spec", async () => {
    const { igneous } = await publishSetting("{ regions: [eu-central] }");
    const { exit, stderr } = await igneous(publish);
    expect(exit).toBe(3);
    expectInOrder(stderr, ["igneous.yaml:4:", "wanted the name of an AWS region"]);
  });

  it("a region that fails half-way: the others are done, the report says which and how to go on", async () => {
    const { sim, igneous, lock } = await publishSetting(regions);
    sim.world.failingCopies.set("us-east-1", "the KMS key is disabled");
    const failed = await igneous(publish);
    expect(failed.exit).toBe(1);
    expectInOrder(failed.stdout, [
      "eu-central-1  ami-",
      "us-east-1  failed [aws-failed]",
      "the KMS key is disabled",
      "go on with: igneous publish 777777777777",
    ]);
    expect((await lock()).builds[0]?.amis?.map(({ region }) => region)).toEqual(["eu-central-1"]);
    sim.world.failingCopies.clear();
    const second = await igneous(publish);
    expect(second.exit).toBe(0);
    expect((await lock()).builds[0]?.amis).toHaveLength(2);
  });

  it("throttling for minutes: waited out, and nothing is said about it", async () => {
    const { sim, igneous } = await publishSetting("{ regions: [eu-central-1] }");
    const effect = { kind: "error", code: "RequestLimitExceeded", status: 503 } as const;
    sim.faults.add({ service: "ec2", times: 3, effect });
    const { exit, stderr } = await igneous(publish);
    expect(exit, stderr).toBe(0);
    expect(stderr).not.toContain("error");
  });

  it("a disk that changed since its bake: refused, whatever its length", async () => {
    const { sim, disk, igneous } = await publishSetting("{ regions: [eu-central-1] }");
    const bytes = await readFile(disk);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    await writeFile(disk, bytes);
    const { exit, stderr } = await igneous(publish);
    expect(exit).toBe(4);
    expectInOrder(stderr, ["[disk-changed]", disk, "next: run 'igneous bake' again"]);
    expect(sim.world.snapshots.size).toBe(0);
  });
});

it("bake --builder direct asks AWS before it makes anything", async () => {
  const { sim, folder, igneous } = await publishSetting("{ regions: [eu-central-1] }");
  sim.faults.add({ operation: "DescribeImages", effect: { kind: "error", code: "AuthFailure" } });
  const { exit, stderr } = await igneous(["bake", "--builder", "direct"]);
  expect(exit).toBe(1);
  expectInOrder(stderr, ["[aws-credentials]", "in eu-central-1"]);
  expect(await readdir(join(folder, ".igneous"))).toEqual(["builds"]);
});

it.each([
  ["imagebuilder", []],
  ["packer", ["--only", "amazon-ebs"]],
])("bake --builder %s asks AWS before it makes anything", async (builder, words) => {
  requireTool("packer");
  const { sim, folder, igneous } = await publishSetting("{ regions: [eu-central-1] }");
  for (const file of ["igneous.yaml", "images.lock.json", "butane"])
    await cp(file, join(folder, file), { recursive: true });
  await appendFile(
    join(folder, "igneous.yaml"),
    `publish: { regions: [eu-central-1] }
packer: { amazon: { base: { ami: ami-0123456789abcdef0 } } }
imageBuilder: { parentImage: ami-0123456789abcdef0, payload: s3://payloads, instanceProfile: builder }
`,
  );
  sim.faults.add({ operation: "DescribeImages", effect: { kind: "error", code: "AuthFailure" } });
  const { exit, stderr } = await igneous(["bake", "--builder", builder, ...words]);
  expect(exit, stderr).toBe(1);
  expectInOrder(stderr, ["[aws-credentials]", "in eu-central-1"]);
  expect(await readdir(join(folder, ".igneous"))).toEqual(["builds"]);
});
