import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { ComponentDocument, Step } from "../../src/aws/image-builder-document.ts";
import { openAws } from "../../src/aws/session.ts";
import { type BakedByImageBuilder, bakeByImageBuilder } from "../../src/commands/bake-image-builder.ts";
import type { Context } from "../../src/core/context.ts";
import { hostContext } from "../../src/host/context.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { igneous, makeProject, prepare } from "./project.ts";
import { type QemuNode, startNode } from "./qemu-node.ts";

/**
 * Image Builder itself is simulated; the component document that it would run is run here, step by step, on a machine in
 * QEMU that boots the base, and its tests on a machine that boots what came of it.
 */

const stop = new AbortController();
const context: Context = hostContext(() => undefined, stop.signal);
let project = "";
let moto: Moto;
let sim: Simulator;
let awsEnv: Record<string, string> = {};
let baked: BakedByImageBuilder;
let document: ComponentDocument;
const nodes: QemuNode[] = [];

interface LockedBuild {
  readonly builder: string;
  readonly payloadCommit: string;
  readonly hostCommit: string;
  readonly imageBuilder?: { readonly image: string };
  readonly amis?: readonly { readonly region: string }[];
}

const newestBuild = (): LockedBuild =>
  JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8")).builds[0];

function aws(...words: readonly string[]): void {
  const env = { ...process.env, ...awsEnv, HOME: join(project, "home") };
  execFileSync(requirePythonTool("aws"), ["--region", "eu-central-1", ...words], { env });
}

async function boot(name: string, overlay?: string): Promise<QemuNode> {
  const folder = join(project, name);
  mkdirSync(folder);
  if (overlay !== undefined) copyFileSync(overlay, join(folder, "overlay.qcow2"));
  const ignition = join(project, "empty.ign");
  writeFileSync(ignition, JSON.stringify({ ignition: { version: "3.3.0" } }));
  const node = await startNode(context, { folder, disk: join(project, "rendered/base.img"), ignition });
  nodes.push(node);
  return node;
}

/** Does a step as AWSTOE does: downloads come from the bucket, commands run with bash as root and must succeed. */
async function runStep(node: QemuNode, step: Step): Promise<string> {
  if (step.action === "S3Download") {
    for (const { source, destination } of step.inputs) {
      const local = join(project, "download");
      aws("s3", "cp", "--quiet", source, local);
      await copyToGuest(node, local, destination);
    }
    return "";
  }
  const script = step.inputs.commands.join("\n");
  const { output, code } = await node.run(`bash -c '${script.replaceAll("'", `'\\''`)}'`);
  if (code !== 0) throw new Error(`step ${step.name} ended with ${code}: ${output}`);
  return output;
}

function copyToGuest({ address }: QemuNode, from: string, to: string): Promise<void> {
  const { port, key = "" } = address;
  const options = ["-i", key, "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null"];
  const words = ["-q", "-P", String(port), ...options, from, `root@127.0.0.1:${to}`];
  return new Promise((done, fail) => {
    spawn("scp", words, { stdio: "inherit" }).on("close", (exit) =>
      exit === 0 ? done() : fail(new Error(`scp ended with ${exit}`)),
    );
  });
}

async function runPhase(node: QemuNode, name: string): Promise<string> {
  let said = "";
  for (const step of document.phases.find((phase) => phase.name === name)?.steps ?? []) {
    said += await runStep(node, step);
  }
  return said;
}

beforeAll(async () => {
  prepare();
  project = makeProject("image-builder");
  mkdirSync(join(project, "home"));
  appendFileSync(
    join(project, "igneous.yaml"),
    [
      "publish: { regions: [eu-central-1, us-east-1] }",
      "imageBuilder: { parentImage: ami-0123456789abcdef0, payload: s3://payloads/nodes, instanceProfile: igneous-builder }",
      "",
    ].join("\n"),
  );
  moto = await startMoto();
  sim = await startSimulator();
  awsEnv = { ...sim.env, AWS_ENDPOINT_URL_S3: moto.endpoint };
  aws("s3", "mb", "s3://payloads");
});

afterAll(async () => {
  for (const { machine } of nodes) await machine.kill();
  stop.abort();
  expect(sim.violations).toEqual([]);
  await sim.stop();
  await moto.stop();
});

describe("bake by EC2 Image Builder", () => {
  it("records the same payload as the qemu builder, and AMIs in every region", async () => {
    const qemu = await igneous(project, "bake", "--no-boot-test");
    expect(qemu.exit, qemu.stderr).toBe(0);
    const before = newestBuild();
    const own = { ...context, env: { ...context.env, ...awsEnv } };
    baked = await bakeByImageBuilder(own, project, openAws(own, { clock: sim.clock }));
    expect(baked.payloadCommit).toBe(before.payloadCommit);
    expect(newestBuild()).toMatchObject({
      hostCommit: before.hostCommit,
      imageBuilder: { image: baked.image },
    });
    expect(newestBuild().amis?.map(({ region }) => region)).toEqual(["eu-central-1", "us-east-1"]);
    const [component] = sim.world.imageBuilder.components.values();
    document = parse(component?.input.data ?? "");
  });

  it("a second bake sends nothing, makes nothing and leaves the lock as it is", async () => {
    const lock = readFileSync(join(project, "images.lock.json"), "utf8");
    sim.calls.length = 0;
    const own = { ...context, env: { ...context.env, ...awsEnv } };
    const again = await bakeByImageBuilder(own, project, openAws(own, { clock: sim.clock }));
    expect(again).toEqual({ ...baked, changed: false });
    expect(sim.calls.filter(({ operation }) => operation.startsWith("Create"))).toEqual([]);
    expect(readFileSync(join(project, "images.lock.json"), "utf8")).toBe(lock);
  });

  it("refuses a payload of which one byte was changed in the bucket, and puts a missing one back", async () => {
    const [verify] = document.phases[0]?.steps.filter(({ name }) => name === "Verify") ?? [];
    if (verify?.action !== "ExecuteBash") throw new Error("no step Verify");
    const folder = join(project, "changed");
    mkdirSync(folder);
    const source = join(project, ".igneous/imagebuilder");
    for (const name of ["apply", "seal"]) copyFileSync(join(source, name), join(folder, name));
    const bytes = readFileSync(join(source, "payload.tar.gz"));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(folder, "payload.tar.gz"), bytes);
    const script = verify.inputs.commands.join("\n").replaceAll("/var/tmp/igneous", folder);
    const { status, stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stdout).toContain("payload.tar.gz: FAILED");
    aws("s3", "rm", `s3://payloads/nodes/${sha256}/payload.tar.gz`);
    const own = { ...context, env: { ...context.env, ...awsEnv } };
    await bakeByImageBuilder(own, project, openAws(own, { clock: sim.clock }));
    aws("s3", "ls", `s3://payloads/nodes/${sha256}/payload.tar.gz`);
  });

  it("the document's build and validate phases turn a machine of the base into the build", async () => {
    const words = ["render", "--builder", "packer", "--only", "qemu", "--packer-version", "1.6.6"];
    const rendered = await igneous(project, ...words, "--out", "rendered");
    expect(rendered.exit, rendered.stderr).toBe(0);
    const node = await boot("build");
    await runPhase(node, "build");
    await runPhase(node, "validate");
    await node.machine.powerDown(120_000);
  });

  it("the document's test phase passes on a machine of the image, which carries the payload", async () => {
    const node = await boot("test", join(project, "build/overlay.qcow2"));
    const said = await runPhase(node, "test");
    expect(said).toContain("passed booted-payload");
    expect(said).toMatch(/passed digest-etcd/u);
    const { output } = await node.run("ostree admin status");
    expect(output).toContain(newestBuild().hostCommit);
    await node.machine.powerDown(60_000);
  });
});
