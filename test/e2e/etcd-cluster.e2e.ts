import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { plannedText, samplePlan } from "../containers/sample.ts";
import { requireTool, testContext } from "../tools.ts";
import { prepare } from "./project.ts";

/** Three control planes' etcd, real programs with the flags and certificates that three nodes make for themselves. */

const libexec = resolve("node/libexec");
const members = [1, 2, 3].map((number) => ({ name: `cp-${number}`, address: `127.0.80.${number}` }));
const named = members.map(({ name, address }) => `${name}=${address}`).join(",");
const shared = ["ca.crt", "ca.key", "etcd-ca.crt", "etcd-ca.key", "front-proxy-ca.crt", "front-proxy-ca.key"];
const running = new Map<string, ChildProcess>();
let folder = "";
let bin = "";

const rootOf = (name: string): string => join(folder, name);

function place(path: string, contents: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

function makeNode(name: string): void {
  place(join(rootOf(name), "etc/igneous/roles.d/control-plane"), "");
  const config = "usr/lib/igneous/containers/etcd/config.json";
  place(join(rootOf(name), config), plannedText(samplePlan(), `/${config}`));
}

async function boot(name: string, address: string, etcd: string): Promise<void> {
  const env = {
    IGNEOUS_ROOT: rootOf(name),
    IGNEOUS_NODE_NAME: name,
    IGNEOUS_NODE_IP: address,
    IGNEOUS_ETCD_MEMBERS: etcd,
  };
  await run(testContext(), [join(libexec, "igneous-node")], { env });
}

/** On one machine each member's own loopback is its address. */
function start(name: string, address: string): void {
  const config = JSON.parse(readFileSync(join(rootOf(name), "run/igneous/containers/etcd.json"), "utf8")) as {
    readonly process: { readonly args: readonly string[] };
  };
  const [, ...args] = config.process.args.map((arg) =>
    arg
      .replace("127.0.0.1:", `${address}:`)
      .replace("=/pki/", `=${rootOf(name)}/var/lib/igneous/pki/etcd/`)
      .replace("=/var/lib/etcd", `=${rootOf(name)}/var/lib/etcd`),
  );
  running.set(name, spawn(join(bin, "etcd"), args, { stdio: "ignore" }));
}

const etcdctl = async (address: string, ...words: readonly string[]): Promise<string> => {
  const pki = join(rootOf("cp-1"), "var/lib/igneous/pki/admin");
  const tls = [
    `--cacert=${pki}/etcd-ca.crt`,
    `--cert=${pki}/etcd-client.crt`,
    `--key=${pki}/etcd-client.key`,
  ];
  const argv = [join(bin, "etcdctl"), `--endpoints=https://${address}:2379`, ...tls, ...words] as const;
  return (await run(testContext(), argv)).stdout;
};

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (await condition().catch(() => false)) return;
    await wait(500);
  }
  throw new Error("not within two minutes");
}

beforeAll(async () => {
  prepare();
  folder = mkdtempSync(join(tmpdir(), "igneous-etcd-"));
  const image = readFileSync(".igneous/images/etcd/index.json", "utf8");
  const tag = /"org\.opencontainers\.image\.ref\.name":\s*"([^"]+)"/u.exec(image)?.[1] ?? "";
  const rootfs = join(folder, "rootfs");
  const argv = ["raw", "unpack", "--rootless", "--image", `.igneous/images/etcd:${tag}`, rootfs] as const;
  await run(testContext(), [requireTool("umoci"), ...argv]);
  bin = join(rootfs, "usr/local/bin");
});

afterAll(() => {
  for (const child of running.values()) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("three control planes", () => {
  it("want one set of keys from launch, or each would make a cluster of its own", async () => {
    makeNode("cp-1");
    await expect(boot("cp-1", "127.0.80.1", named)).rejects.toThrow(/share their keys.*etcd-ca\.key/u);
    makeNode("elsewhere");
    await boot("elsewhere", "127.0.80.9", "");
    for (const { name } of members) {
      makeNode(name);
      const made = join(rootOf("elsewhere"), "var/lib/igneous/pki");
      for (const file of [...shared, "sa.key"])
        cpSync(join(made, "authority", file), join(rootOf(name), "etc/igneous/pki", file));
      cpSync(
        join(made, "kube-apiserver/encryption.yaml"),
        join(rootOf(name), "etc/igneous/pki/encryption.yaml"),
      );
    }
  });

  it("form one etcd that keeps what was written while one of them is gone", async () => {
    for (const { name, address } of members) {
      await boot(name, address, named);
      start(name, address);
    }
    await until(async () => (await etcdctl("127.0.80.1", "put", "colour", "blue")).includes("OK"));
    // Two of three are enough to write; the third may be on its way.
    const list = (): Promise<string> => etcdctl("127.0.80.1", "member", "list");
    await until(async () => (await list()).match(/ started, cp-\d/gu)?.length === 3);
    running.get("cp-1")?.kill("SIGKILL");
    await until(async () => (await etcdctl("127.0.80.2", "put", "colour", "green")).includes("OK"));
    start("cp-1", "127.0.80.1");
    await until(async () => (await etcdctl("127.0.80.1", "get", "colour")).includes("green"));
    // It fails when one member does not answer.
    await until(async () => (await etcdctl("127.0.80.3", "endpoint", "health", "--cluster"), true));
  });

  it("refuse a list without themselves", async () => {
    await expect(boot("cp-1", "127.0.80.7", named)).rejects.toThrow(
      /this control plane, cp-1=127\.0\.80\.7, is not among them/u,
    );
  });
});
