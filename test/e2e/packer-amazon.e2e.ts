import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Policy } from "../../src/aws/iam-policy.ts";
import type { PackerBakeResult } from "../../src/commands/bake-packer.ts";
import { run } from "../../src/host/exec.ts";
import { EC2 } from "@aws-sdk/client-ec2";
import { deniedCalls } from "../fakes/aws/allowed.ts";
import type { MotoFront } from "../fakes/aws/moto-front.ts";
import { requireTool, testContext } from "../tools.ts";
import { baseAmi, type BaseMachine, nextDeployment, startBase, startMotoWithBase } from "./packer-machine.ts";
import { igneous, makeProject, prepare, repository, startIgneous } from "./project.ts";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
let project = "";
let out = "";
let moto: MotoFront;

const kmsKeys = `kmsKeys:
    eu-central-1: arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000001
    eu-west-1: arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000002`;

const spec = (port: number, publish = "", amazon = ""): string => `
publish:
  regions: [eu-central-1, eu-west-1]
  accounts: ["111122223333"]
  tags: { team: nodes }
  ${publish}
packer:
  amazon:
    base: { name: bas*, owners: [self] }
    sshHost: 127.0.0.1
    sshPort: ${port}
    sshTimeout: ${port === 1 ? "15s" : "5m"}
    ${amazon}
`;

function writeSpec(port: number, ...more: readonly string[]): void {
  writeFileSync(join(project, "igneous.yaml"), readFileSync(join(repository, "igneous.yaml")));
  appendFileSync(join(project, "igneous.yaml"), spec(port, ...more));
}

/** The project's own template, with another provisioner before `apply`. */
function editTemplate(inline: string): void {
  cpSync(join(repository, "packer"), join(project, "packer"), { recursive: true });
  const path = join(project, "packer/build.pkr.hcl.hbs");
  const text = readFileSync(path, "utf8");
  const mine = `  provisioner "shell" {\n    inline = [${JSON.stringify(inline)}]\n  }\n\n`;
  writeFileSync(path, text.replace("{{#each before}}", `${mine}{{#each before}}`));
}

const lockedBuilds = (): readonly unknown[] =>
  JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8")).builds;

function baseRef(repo: string): string {
  const [ref = ""] = readdirSync(join(repo, "refs/heads/igneous/base"));
  return `igneous/base/${ref}`;
}

beforeAll(async () => {
  requireTool("packer");
  prepare();
  execFileSync(join(repository, "scripts/python-tools.sh"));
  project = makeProject("packer-amazon");
  out = join(project, "out");
  moto = await startMotoWithBase(project);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-central-1",
  });
});

afterAll(async () => {
  await moto.stop();
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

describe("packer, source amazon-ebs, against moto", () => {
  const words = ["bake", "--builder", "packer", "--only", "amazon-ebs"] as const;
  let machine: BaseMachine;
  let port = 0;

  beforeAll(async () => {
    writeSpec(22);
    const locked = await igneous(project, "lock");
    expect(locked.stdout, locked.stderr).toContain(`AMI bas* of self in eu-central-1: ${baseAmi}`);
    const rendered = await igneous(project, "render", "--only", "amazon-ebs", "--out", out);
    expect(rendered.exit, rendered.stderr).toBe(0);
    const repo = join(project, ".igneous/repo");
    const { stdout } = await run(testContext(), ["ostree", "rev-parse", `--repo=${repo}`, baseRef(repo)]);
    machine = await startBase(project, stdout.trim(), out);
    port = machine.port;
    writeSpec(port);
  });

  afterAll(async () => {
    await machine.stop();
  });

  it("ssh that never answers: fails, and nothing is left in AWS", async () => {
    writeSpec(1);
    const { exit, stderr } = await igneous(project, ...words, "--out", out);
    writeSpec(port);
    expect(exit, stderr).toBe(1);
    expect(stderr).toContain("Timeout waiting for SSH");
    expect(stderr).toContain("packer left nothing behind in eu-central-1");
    expect(lockedBuilds()).toEqual([]);
  });

  it("a provisioner of one's own, in an edited template, that fails: fails the build, and nothing is left", async () => {
    editTemplate("exit 3");
    const { exit, stderr } = await igneous(project, ...words, "--out", out);
    expect(exit, stderr).toBe(1);
    expect(stderr).toContain("exit status: 3");
    expect(stderr).toContain("packer left nothing behind in eu-central-1");
  });

  it("Ctrl-C in the middle of a provisioner: Packer cleans up, and nothing is left", async () => {
    editTemplate("echo igneous: apply: waiting; sleep 600");
    const [finished, child] = startIgneous(project, [...words, "--out", out]);
    const log = join(out, "packer.log");
    rmSync(log, { force: true });
    while (
      !(existsSync(log) && readFileSync(log, "utf8").includes("apply: waiting")) &&
      child.exitCode === null
    )
      await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill("SIGINT");
    const { exit, stderr } = await finished;
    expect(exit, stderr).toBe(130);
    expect(stderr).toContain("packer left nothing behind in eu-central-1");
    rmSync(join(project, "packer"), { recursive: true });
  });

  it("a payload with one flipped byte is refused on the node", async () => {
    const again = await igneous(project, "render", "--only", "amazon-ebs", "--out", out);
    expect(again.exit, again.stderr).toBe(0);
    const payload = join(out, "payload/payload.tar.gz");
    const bytes = readFileSync(payload);
    const middle = Math.floor(bytes.length / 2);
    writeSync(openSync(payload, "r+"), Buffer.of((bytes[middle] ?? 0) ^ 1), 0, 1, middle);
    const env = { PKR_VAR_ec2_endpoint: moto.endpoint, CHECKPOINT_DISABLE: "1" };
    const built = await run(testContext(), ["packer", "build", "."], { cwd: out, env, okExits: [0, 1] });
    expect(built.exit).toBe(1);
    expect(built.stdout + built.stderr).toMatch(/payload refused: its sha256 is [0-9a-f]{64}/u);
  });

  it("makes the AMI, copies, shares and tags it, and records it in the lock", async () => {
    const { exit, stdout, stderr } = await igneous(project, ...words, "--out", out, "--json");
    expect(exit, stderr).toBe(0);
    const { outputs, id, hostCommit, payloadCommit, log } = JSON.parse(stdout) as PackerBakeResult;
    expect(readFileSync(log, "utf8")).toContain(`payload ${payloadCommit}, host ${hostCommit}`);
    const deployment = await nextDeployment(machine.sysroot);
    expect(deployment).toContain(`/deploy/${hostCommit}.0`);
    expect(existsSync(join(deployment, "etc/machine-id"))).toBe(false);
    expect(existsSync(join(machine.sysroot, "boot/ignition.firstboot"))).toBe(true);
    const { stdout: traces } = await run(testContext(), [
      "find",
      join(machine.sysroot, "ostree/deploy/igneous"),
      "(",
      "-name",
      "ssh_host_*_key",
      "-o",
      "-name",
      "authorized_keys",
      "-o",
      "-name",
      "random-seed",
      ")",
    ]);
    expect(traces).toBe("");
    expect(outputs.amis?.map(({ region }) => region).sort()).toEqual(["eu-central-1", "eu-west-1"]);
    expect(lockedBuilds()[0]).toMatchObject({
      id,
      packer: { amis: outputs.amis, sourceAmi: baseAmi },
      amis: outputs.amis?.map((ami) => ({ ...ami, snapshotId: expect.stringMatching(/^snap-/u) })),
    });
    for (const { region, amiId } of outputs.amis ?? []) {
      const ec2 = new EC2({ region, endpoint: moto.behind, credentials, maxAttempts: 1 });
      const { Images = [] } = await ec2.describeImages({ ImageIds: [amiId] });
      const tags = new Map((Images[0]?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
      expect([...tags]).toContainEqual(["igneous:build", id]);
      expect([...tags]).toContainEqual(["team", "nodes"]);
      const { LaunchPermissions } = await ec2.describeImageAttribute({
        ImageId: amiId,
        Attribute: "launchPermission",
      });
      expect(LaunchPermissions).toEqual([{ UserId: "111122223333" }]);
    }
  });

  it("an AMI name that is taken: says so before anything is started", async () => {
    const { exit, stderr } = await igneous(project, ...words, "--out", out);
    expect(exit, stderr).toBe(1);
    expect(stderr).toMatch(/is used by an existing AMI/u);
    expect(stderr).toContain("packer left nothing behind in eu-central-1");
  });

  it("the next build carries the first one and what a provisioner put into it; encrypted, from a spot instance", async () => {
    const first = (lockedBuilds()[0] as { readonly hostCommit: string }).hostCommit;
    await machine.stop();
    const repo = join(project, ".igneous/repo");
    const { stdout: base } = await run(testContext(), [
      "ostree",
      "rev-parse",
      `--repo=${repo}`,
      baseRef(repo),
    ]);
    machine = await startBase(project, base.trim(), out);
    writeSpec(machine.port, kmsKeys, "spotPrice: auto\n    spotInstanceTypes: [m6i.large, m7i.large]");
    const mine = '"echo mine > $(cat /run/igneous/deployment)/etc/mine"';
    appendFileSync(join(project, "igneous.yaml"), `  provisioners: [{ type: shell, inline: [${mine}] }]\n`);
    const locked = await igneous(project, "lock");
    expect(locked.exit, locked.stderr).toBe(0);
    const { exit, stdout, stderr } = await igneous(project, ...words, "--out", out, "--json");
    expect(exit, stderr).toBe(0);
    const { hostCommit, outputs } = JSON.parse(stdout) as PackerBakeResult;
    const encrypted = moto.calls.filter(({ action }) => action === "ec2:CopyImage").slice(-2);
    expect(encrypted.map(({ parameters }) => parameters.get("Encrypted"))).toEqual(["true", "true"]);
    expect(outputs.amis?.map(({ region }) => region).sort()).toEqual(["eu-central-1", "eu-west-1"]);
    const deployment = await nextDeployment(machine.sysroot);
    expect(deployment).toContain(`/deploy/${hostCommit}.0`);
    expect(readFileSync(join(deployment, "etc/mine"), "utf8")).toBe("mine\n");
    expect(hostCommit).not.toBe(first);
    expect(readdirSync(join(deployment, ".."))).toContain(`${first}.0`);
  });

  it("igneous iam-policy packer allows every call that was made in all of this", async () => {
    const { exit, stdout, stderr } = await igneous(project, "iam-policy", "packer");
    expect(exit, stderr).toBe(0);
    const policy = JSON.parse(stdout) as Policy;
    const calls = moto.calls.filter(({ action }) => action.startsWith("ec2:"));
    expect(new Set(moto.calls.map(({ action }) => action)).size).toBeGreaterThan(15);
    expect(deniedCalls(policy, calls)).toEqual([]);
    const unused = policy.Statement.filter((one) => {
      const Statement = policy.Statement.filter((other) => other !== one);
      return deniedCalls({ ...policy, Statement }, calls).length === 0;
    });
    // Newer plugins copy tags, old ones end what has no tag yet; what EC2 does with the caller's rights is not seen.
    const needless = unused.map(({ Sid }) => Sid).filter((sid) => sid !== "TagCopies" && sid !== "EndSpot");
    expect(needless).toEqual(["SpotRoles", "Volume", "Keys"]);
    const called = new Set(calls.map(({ action }) => action));
    const spare = policy.Statement.flatMap(({ Action }) => Action).filter((action) => !called.has(action));
    // Only where Packer fails with a volume or a spot instance left.
    const onFailure = ["ec2:DeleteVolume", "ec2:DescribeLaunchTemplates"];
    expect(new Set(spare.filter((action) => action.startsWith("ec2:")))).toEqual(new Set(onFailure));
  });
});
