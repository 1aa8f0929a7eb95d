import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeOutcome } from "../../src/aws/rollout-in-place.ts";
import { deployScript } from "../../src/aws/rollout-in-place-plan.ts";
import type { Context } from "../../src/core/context.ts";
import type { HostStatus } from "../../src/disk/schema.ts";
import { hostContext } from "../../src/host/context.ts";
import { addGroup, addTemplate } from "../fakes/aws/fleet-groups.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { type HttpsFolder, makeCertificates, serveHttps } from "../node/https-folder.ts";
import {
  type Finished,
  igneous,
  makeProject,
  prepare,
  removeProject,
  repository as home,
} from "./project.ts";
import { learnHostKey, type QemuNode, startNode } from "./qemu-node.ts";

/** Nodes in QEMU as the instances of a group, behind an AWS whose Run Command runs the script that it is sent on them over ssh. */

const region = "eu-central-1";
const stop = new AbortController();
let context: Context;
let project = "";
let sim: Simulator | undefined;
let repository: HttpsFolder;
let url = "";
const builds: { readonly id: string; readonly hostCommit: string }[] = [];
const nodes: QemuNode[] = [];

const commitOf = (index: number): string => builds[index]?.hostCommit ?? "";
const statuses = (): Promise<HostStatus[]> => Promise.all(nodes.map((node) => node.status()));
const deploys = (node: QemuNode | undefined): readonly string[] =>
  (node?.ran ?? []).filter((script) => script.includes("igneous-host deploy"));

/** Bakes what the spec says now and publishes it to the folder that the https server shows. */
async function bakeAndPublish(): Promise<void> {
  for (const words of [["lock"], ["bake", "--no-boot-test"], ["publish", "--ostree", "www"]]) {
    const { exit, stdout, stderr } = await igneous(project, ...words);
    expect(exit, `${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
  }
  const { builds: locked } = JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8"));
  builds.push({ id: locked[0].id, hostCommit: locked[0].hostCommit });
}

interface Rolled extends Finished {
  /** What the record that `igneous report` reads has of each node. */
  readonly nodes: readonly NodeOutcome[];
}

/** `igneous rollout --strategy in-place` of one of the builds. */
async function rollOut(index: number): Promise<Rolled> {
  const build = builds[index]?.id.slice(7, 19) ?? "";
  const finished = await igneous(project, "rollout", "--strategy", "in-place", "--ami", build, "--yes");
  process.stderr.write(finished.stderr);
  const record = readdirSync(join(project, ".igneous/rollouts")).sort().at(-1) ?? "";
  const { outcome } = JSON.parse(readFileSync(join(project, ".igneous/rollouts", record), "utf8"));
  return { ...finished, nodes: outcome.nodes };
}

/** A project whose nodes trust the server of `www`; one that was kept begins anew, and finds its bakes. */
async function makeInPlaceProject(): Promise<void> {
  prepare();
  project = makeProject("in-place");
  for (const path of ["images.lock.json", "butane"]) {
    cpSync(join(home, path), join(project, path), { recursive: true });
  }
  const tls = join(project, "tls");
  mkdirSync(tls, { recursive: true });
  if (!existsSync(join(tls, "server.crt"))) await makeCertificates(tls);
  mkdirSync(join(project, "www"), { recursive: true });
  // The address is in the spec and so in the builds' ids: one that was kept stays at its port.
  const port = join(tls, "port");
  repository = await serveHttps(
    join(project, "www"),
    tls,
    existsSync(port) ? Number(readFileSync(port, "utf8")) : 0,
  );
  writeFileSync(port, String(repository.port));
  url = `https://10.0.2.2:${repository.port}`;
  const launch = join(project, "butane/launch.bu.hbs");
  const authority = readFileSync(join(tls, "ca.crt"), "utf8").trim().replaceAll("\n", "\n          ");
  const file = `  files:\n    - path: /etc/igneous/repo-ca.crt\n      contents:\n        inline: |\n          ${authority}\n`;
  const template = readFileSync(launch, "utf8").replace("  files:\n", () => file);
  writeFileSync(launch, template);
}

/** Only etcd runs, so that a boot is as short as it can be. */
function writeSpec(etcdFlag?: string): void {
  const path = join(project, "igneous.yaml");
  const sample = readFileSync(join(home, "igneous.yaml"), "utf8");
  const text = sample.replace("roles: [etcd, geth]", "roles: [etcd]");
  const group = `{ groups: [{ name: nodes, region: ${region} }], ostree: "${url}", minHealthyPercentage: 50 }`;
  const etcd = etcdFlag === undefined ? "" : `\ncontainers:\n  etcd: { args: [${etcdFlag}] }\n`;
  writeFileSync(path, `${text}\nhealth: { tries: 1, seconds: 60 }\nrollout: ${group}\n${etcd}`);
}

/** Two machines of the first build, and the AWS that shows them as a group. */
async function startNodes(): Promise<void> {
  const { world, env } = (sim = await startSimulator());
  Object.assign(process.env, env);
  context = hostContext(() => undefined, stop.signal);
  const template = addTemplate(world, region, "nodes", { ImageId: "ami-0aaaaaaaaaaaaaaa1" });
  const { members } = addGroup(world, template, "nodes", 2);
  const first = join(project, ".igneous/builds", builds[0]?.id.slice(7, 19) ?? "");
  const started = members.map(async ({ id }) => {
    const node = await startNode(context, {
      folder: join(project, id),
      disk: join(first, "disk.img"),
      ignition: join(first, "launch.ign"),
    });
    world.nodes.machines.set(id, node.run);
    return node;
  });
  nodes.push(...(await Promise.all(started)));
}

beforeAll(async () => {
  await makeInPlaceProject();
  for (const etcdFlag of [undefined, "--snapshot-count=5000", "--no-such-flag"]) {
    writeSpec(etcdFlag);
    await bakeAndPublish();
  }
});

afterAll(async () => {
  await Promise.all(nodes.map(({ machine }) => machine.kill()));
  stop.abort(new Error("the test is over"));
  repository?.stop();
  await sim?.stop();
  removeProject(project);
});

describe("a group that is updated in place", () => {
  it("runs the first build", async () => {
    await startNodes();
    const seen = await Promise.all(nodes.map((node) => node.waitUntilSettled(1_200_000)));
    expect(seen.map(({ booted }) => booted.commit)).toEqual([commitOf(0), commitOf(0)]);
  });

  it("gets the second build over https, one node after the other, and each is the machine that it was", async () => {
    const identity = "cat /etc/machine-id /etc/hostname /etc/ssh/ssh_host_ed25519_key.pub";
    const before = await Promise.all(nodes.map((node) => node.run(identity)));
    const { exit, stderr, nodes: seen } = await rollOut(1);
    expect(exit, stderr).toBe(0);
    expect(seen.map(({ state }) => state)).toEqual(["running", "running"]);
    for (const { output } of seen) expect(output).toContain(`the next boot is ${commitOf(1)}`);
    for (const { booted, rollback, triesLeft } of await statuses()) {
      expect([booted.commit, rollback?.commit, triesLeft]).toEqual([commitOf(1), commitOf(0), ""]);
    }
    // What ran on the machines is what we rendered, and nothing else.
    const script = deployScript({ commit: commitOf(1), url }).join("\n");
    expect(nodes.map(deploys)).toEqual([[script], [script]]);
    expect(await Promise.all(nodes.map((node) => node.run(identity)))).toEqual(before);
    expect(repository.asked.some((path) => path.startsWith("/deltas/"))).toBe(true);
  });

  it("is left alone when the first node does not become healthy, which is back on the build before by itself", async () => {
    const bootId = "cat /proc/sys/kernel/random/boot_id";
    const untouched = await nodes[1]?.run(bootId);
    const { exit, stderr, nodes: seen } = await rollOut(2);
    expect(exit, stderr).toBe(5);
    expect(stderr).toContain("[rollout-rolled-back]");
    expect(stderr).toContain("did not become healthy");
    expect(seen.map(({ state }) => state)).toEqual(["fell-back", "untouched"]);
    const [first, second] = await statuses();
    expect(first?.booted.commit).toBe(commitOf(1));
    expect(first?.next.commit).toBe(commitOf(1));
    expect(first?.fellBack).toContain(commitOf(2));
    expect(second?.booted.commit).toBe(commitOf(1));
    expect(await nodes[1]?.run(bootId)).toEqual(untouched);
    expect(deploys(nodes[1])).toHaveLength(1);
  });

  it("has a node that goes back to the first build on one command", async () => {
    const [, second] = nodes;
    if (second === undefined) throw new Error("there is no second node");
    const knownHosts = join(project, "known-hosts");
    await learnHostKey(second, knownHosts);
    const host = `ssh://root@127.0.0.1:${second.address.port}`;
    const login = ["--key", second.address.key ?? "", "--known-hosts", knownHosts];
    const { exit, stdout, stderr } = await igneous(
      project,
      "rollback",
      "--host",
      host,
      "--reboot",
      ...login,
      "--json",
    );
    expect(exit, stderr).toBe(0);
    const { before, after } = JSON.parse(stdout);
    expect([before.booted.commit, after.booted.commit]).toEqual([commitOf(1), commitOf(0)]);
  });

  it("was spoken to as AWS's models say", () => {
    expect(sim?.violations).toEqual([]);
  });
});
