import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PackerBakeResult } from "../../src/commands/bake-packer.ts";
import type { Context } from "../../src/core/context.ts";
import { hostContext } from "../../src/host/context.ts";
import type { Moto } from "../fakes/aws/moto.ts";
import { requireTool } from "../tools.ts";
import { baseAmi, startMotoWithBase } from "./packer-machine.ts";
import { igneous, makeProject, prepare, repository } from "./project.ts";
import { type QemuNode, startNode } from "./qemu-node.ts";

/** The instance is moto's, and so nowhere: Packer's ssh goes to a machine in QEMU that boots the base. */

const stop = new AbortController();
const context: Context = hostContext(() => undefined, stop.signal);
const machineId = "cat /etc/machine-id; cat /etc/ssh/ssh_host_ed25519_key.pub";
let project = "";
let out = "";
let moto: Moto;
const nodes: QemuNode[] = [];

async function boot(name: string, ignition: string, overlay?: string): Promise<QemuNode> {
  const folder = join(project, name);
  mkdirSync(folder);
  if (overlay !== undefined) copyFileSync(overlay, join(folder, "overlay.qcow2"));
  const node = await startNode(context, { folder, disk: join(out, "base.img"), ignition });
  nodes.push(node);
  return node;
}

beforeAll(async () => {
  requireTool("packer");
  prepare();
  execFileSync(join(repository, "scripts/python-tools.sh"));
  project = makeProject("packer-vm");
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
  for (const { machine } of nodes) await machine.kill();
  stop.abort();
  await moto.stop();
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

it("packer's amazon-ebs makes a booted base carry the build, and what it leaves boots as a new machine", async () => {
  const rendered = await igneous(project, "render", "--only", "qemu", "--out", out);
  expect(rendered.exit, rendered.stderr).toBe(0);
  const base = await boot("base", join(out, "access.ign"));
  const before = (await base.run(machineId)).output;
  appendFileSync(
    join(project, "igneous.yaml"),
    `
publish: { regions: [eu-central-1, eu-west-1], accounts: ["111122223333"] }
packer:
  amazon:
    base: { ami: ${baseAmi} }
    sshHost: 127.0.0.1
    sshPort: ${base.address.port}
    sshTimeout: 10m
`,
  );
  const words = ["bake", "--builder", "packer", "--only", "amazon-ebs", "--out", out, "--json"];
  const { exit, stdout, stderr } = await igneous(project, ...words);
  expect(exit, stderr).toBe(0);
  const { outputs, id, hostCommit, payloadCommit, log } = JSON.parse(stdout) as PackerBakeResult;
  expect(readFileSync(log, "utf8")).toContain(`payload ${payloadCommit}, host ${hostCommit}`);
  expect(outputs.amis?.map(({ region }) => region).sort()).toEqual(["eu-central-1", "eu-west-1"]);
  expect(JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8")).builds[0]).toMatchObject({
    id,
    hostCommit,
    packer: { amis: outputs.amis, sourceAmi: baseAmi },
  });
  await base.machine.powerDown(120_000);

  const ignition = join(project, "empty.ign");
  writeFileSync(ignition, JSON.stringify({ ignition: { version: "3.3.0" } }));
  const next = await boot("next", ignition, join(project, "base/overlay.qcow2"));
  expect((await next.status()).booted.commit).toBe(hostCommit);
  const after = (await next.run(machineId)).output;
  expect(after).toMatch(/^[0-9a-f]{32}\nssh-ed25519 /u);
  for (const line of before.split("\n")) if (line !== "") expect(after).not.toContain(line);
  await next.machine.powerDown(60_000);
});
