import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SSM } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Policy } from "../../src/aws/iam-policy.ts";
import { runProgram } from "../../src/cli/program.ts";
import { packerBase, builderParent } from "../../src/commands/asked-source-amis.ts";
import { loadProject } from "../../src/commands/project.ts";
import { lockedSourceAmi, lockSourceAmis } from "../../src/commands/source-amis.ts";
import type { Context } from "../../src/core/context.ts";
import { readLock } from "../../src/lock/file.ts";
import { testIo } from "../cli/test-io.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const region = "eu-central-1";
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
const [older, newest, another] = ["ami-0000000000000000a", "ami-0000000000000000b", "ami-0000000000000000c"];
let moto: Moto;
/** Where moto reads them, when it is first asked. */
let amis = "";
let folder = "";

beforeAll(async () => {
  const ami = (ami_id: string, name: string, day: number, more: object = {}) => ({
    ami_id,
    name,
    description: "",
    owner_id: "123456789012",
    architecture: "x86_64",
    image_type: "machine",
    root_device_type: "ebs",
    root_device_name: "/dev/xvda",
    virtualization_type: "hvm",
    hypervisor: "xen",
    public: true,
    platform: null,
    state: "available",
    creation_date: `2026-01-0${day}T00:00:00.000Z`,
    sriov: "simple",
    ...more,
  });
  const all = [
    ami(newest, "devnet-base-2", 2),
    ami(older, "devnet-base-1", 1),
    ami("ami-0000000000000000d", "devnet-base-3", 3, { architecture: "arm64" }),
    ami("ami-0000000000000000e", "devnet-base-4", 4, { owner_id: "999999999999" }),
    ami("ami-0000000000000000f", "devnet-base-5", 5, { root_device_type: "instance-store" }),
    ami(another, "other", 6),
  ];
  amis = await mkdtemp(join(tmpdir(), "igneous-amis-"));
  const path = join(amis, "amis.json");
  await writeFile(path, JSON.stringify(all));
  moto = await startMoto({ MOTO_AMIS_PATH: path });
});

afterAll(async () => {
  await moto.stop();
  await rm(amis, { recursive: true });
});

beforeEach(async () => {
  folder = await temporaryFolder();
  for (const file of ["igneous.yaml", "images.lock.json", "butane"])
    await cp(file, join(folder, file), { recursive: true });
  await appendFile(
    join(folder, "igneous.yaml"),
    `publish: { regions: [${region}] }
packer: { amazon: { base: { name: devnet-base-*, owners: [self] } } }
imageBuilder: { parentImage: "ssm:/devnet/parent", payload: s3://payloads, instanceProfile: builder }
`,
  );
});

function context(emit: Context["emit"] = () => undefined): Context {
  const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const inner = testContext();
  return { ...inner, emit, env: { ...inner.env, ...env } };
}

async function igneous(...words: readonly string[]) {
  const { io, seen } = testIo({ cwd: folder, createContext: context });
  await runProgram(io, ["node", "igneous", ...words]);
  return seen;
}

const lock = (...words: readonly string[]) => igneous("lock", ...words);

async function parameter(Value: string): Promise<void> {
  const ssm = new SSM({ region, endpoint: moto.endpoint, credentials, maxAttempts: 1 });
  await ssm.putParameter({ Name: "/devnet/parent", Value, Type: "String", Overwrite: true });
}

/** What the builders are given, as the lock is now. */
async function given(): Promise<readonly (string | undefined)[]> {
  const { spec } = (await loadProject(folder)).loaded;
  const read = await readLock(folder);
  return [packerBase(spec), builderParent(spec)].map((base) => lockedSourceAmi(read, base));
}

describe("AMIs that the spec asks for by a name or a parameter", () => {
  it("are resolved by lock, kept by the next one, and resolved again when they are named", async () => {
    await parameter(older);
    expect(await lock("--check")).toMatchObject({
      exit: 4,
      stdout: expect.stringContaining(`+ source AMI devnet-base-* of self in ${region}: needed by the spec`),
    });
    const first = await lock();
    expect(first.exit, first.stderr).toBe(0);
    expect(first.stdout).toContain(`locked   AMI devnet-base-* of self in ${region}: ${newest}\n`);
    expect(first.stdout).toContain(`locked   AMI ssm:/devnet/parent in ${region}: ${older}\n`);
    expect(await given()).toEqual([newest, older]);
    expect((await lock("--check")).exit).toBe(0);

    await parameter(another);
    expect((await lock()).stdout).toContain(`kept     AMI ssm:/devnet/parent in ${region}: ${older}\n`);
    const again = await lock("--update", "source-amis");
    expect(again.stdout).toContain(
      `updated  AMI ssm:/devnet/parent in ${region}: ${another} (was ${older})\n`,
    );
    expect(again.stdout).toContain("kept     oci:.igneous/images/etcd");
    expect(await given()).toEqual([newest, another]);
  });

  it("that are gone are resolved again when lock is asked for that", async () => {
    const gone = { asked: "devnet-base-* of self", region, amiId: "ami-0999999999999999f" };
    const project = await loadProject(folder);
    await parameter(older);
    const again = (refreshGone: boolean) =>
      lockSourceAmis(context(), project, [gone], { update: false, refreshGone });
    expect((await again(false))?.map(({ amiId }) => amiId)).toEqual([gone.amiId, older]);
    expect((await again(true))?.map(({ amiId }) => amiId)).toEqual([newest, older]);
  });

  it.each([
    ["holds 'ami-0999999999999999f', which is no AMI there", "ami-0999999999999999f"],
    ["holds 'nothing', which is no AMI there", "nothing"],
  ])("cannot be locked from a parameter that %s", async (said, value) => {
    await parameter(value);
    const { exit, stderr } = await lock();
    expect(exit).toBe(1);
    expect(stderr).toContain(`the parameter /devnet/parent in ${region} ${said}`);
    expect(stderr).toContain("next: look at it: aws ssm get-parameter");
  });

  it("go out of the lock with the spec's wish for them", async () => {
    await parameter(older);
    await lock();
    await cp("igneous.yaml", join(folder, "igneous.yaml"));
    expect((await lock("--check")).stdout).toContain(
      "- source AMI ssm:/devnet/parent in eu-central-1: no longer",
    );
    await lock();
    expect((await readLock(folder)).sourceAmis).toBeUndefined();
  });

  it("have a policy of their own, with that of images in ECR", async () => {
    const path = join(folder, "igneous.yaml");
    const stored = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/chain/geth:1";
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("oci:.igneous/images/ethereum/client-go:v1.16.7", stored));
    const { Statement } = JSON.parse((await igneous("iam-policy", "lock")).stdout) as Policy;
    expect(Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [["ec2:DescribeImages"], "*"],
      [["ssm:GetParameter"], [`arn:aws:ssm:${region}:*:parameter/devnet/parent`]],
      [["ecr:GetAuthorizationToken"], "*"],
      [
        ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        ["arn:aws:ecr:eu-west-1:111122223333:repository/chain/geth"],
      ],
    ]);
    await cp("igneous.yaml", join(folder, "igneous.yaml"));
    expect((await igneous("iam-policy", "lock")).stderr).toContain("locking this spec asks AWS nothing");
  });
});
