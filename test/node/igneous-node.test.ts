import { readdirSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { plannedText, samplePlan } from "../containers/sample.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const libexec = resolve("node/libexec");
const plan = samplePlan();
let root = "";

beforeEach(async () => {
  root = await temporaryFolder();
  for (const path of [
    "/usr/lib/igneous/containers/etcd/config.json",
    "/usr/lib/igneous/config/kubelet/kubelet.yaml",
    "/usr/lib/igneous/config/kube-proxy/kubeconfig",
  ]) {
    await place(path, plannedText(plan, path));
  }
});

async function place(path: string, contents: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
}

const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** Runs igneous-node as the first boot of a machine with these roles does. */
async function boot(roles: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  for (const role of roles) await place(`/etc/igneous/roles.d/${role}`, "");
  const given = { IGNEOUS_ROOT: root, IGNEOUS_NODE_NAME: "node-1", IGNEOUS_NODE_IP: "10.0.0.5", ...env };
  return (await run(testContext(), [join(libexec, "igneous-node")], { env: given })).stdout;
}

const openssl = async (...args: readonly string[]): Promise<string> =>
  (await run(testContext(), [requireTool("openssl"), ...args])).stdout;

const pki = (name: string): string => join(root, "var/lib/igneous/pki", name);

describe("igneous-node", () => {
  it("passes shellcheck, as every program of the node does", async () => {
    const programs = readdirSync(libexec).map((name) => join(libexec, name));
    await run(testContext(), [requireTool("shellcheck"), ...programs]);
  });

  it("fills name and address into every configuration and leaves no placeholder", async () => {
    await boot(["control-plane"]);
    const config = await read("run/igneous/containers/etcd.json");
    expect(config).toContain("--initial-cluster=node-1=https://127.0.0.1:2380");
    const kubelet = await read("run/igneous/config/kubelet/kubelet.yaml");
    expect(kubelet).toMatch(/nodeLeaseDurationSeconds: \d+\n/u);
    expect(config + kubelet + (await read("run/igneous/config/kube-proxy/kubeconfig"))).not.toMatch(
      /@[A-Z_]+@/u,
    );
  });

  it("makes certificates that openssl verifies against their authority, with the node's name and address", async () => {
    await boot(["control-plane"]);
    const chains = [
      ["ca", "kube-apiserver/server", "sslserver"],
      ["ca", "kube-apiserver/kubelet-client", "sslclient"],
      ["ca", "kube-scheduler/client", "sslclient"],
      ["etcd-ca", "etcd/server", "sslserver"],
      ["etcd-ca", "kube-apiserver/etcd-client", "sslclient"],
      ["front-proxy-ca", "kube-apiserver/front-proxy-client", "sslclient"],
    ] as const;
    for (const [authority, name, purpose] of chains) {
      const said = await openssl(
        "verify",
        "-purpose",
        purpose,
        "-CAfile",
        pki(`authority/${authority}.crt`),
        pki(`${name}.crt`),
      );
      expect(said).toContain("OK");
    }
    const server = await openssl(
      "x509",
      "-in",
      pki("kube-apiserver/server.crt"),
      "-noout",
      "-ext",
      "subjectAltName",
    );
    for (const name of [
      "DNS:node-1",
      "IP Address:10.0.0.5",
      "IP Address:10.96.0.1",
      "IP Address:127.0.0.1",
    ]) {
      expect(server).toContain(name);
    }
  });

  it("gives etcd an authority of its own, which no certificate of the cluster satisfies", async () => {
    await boot(["control-plane"]);
    const argv = ["verify", "-CAfile", pki("etcd/ca.crt"), pki("admin/client.crt")];
    await expect(openssl(...argv)).rejects.toMatchObject({ code: "tool-failed" });
  });

  it("lets nobody but its component read a key", async () => {
    await boot(["control-plane", "worker"]);
    for (const name of ["kube-apiserver/server.key", "etcd/server.key", "authority/ca.key", "geth/jwt.hex"]) {
      expect((await stat(pki(name))).mode & 0o077).toBe(0);
      expect((await stat(dirname(pki(name)))).mode & 0o077).toBe(0);
    }
  });

  it("keeps every key at the next boot, and renews only what names a changed address", async () => {
    await boot(["control-plane"]);
    const names = ["authority/ca.key", "etcd/server.key", "kube-apiserver/encryption.yaml", "geth/jwt.hex"];
    const before = await Promise.all(names.map((name) => readFile(pki(name), "utf8")));
    const server = await readFile(pki("kube-apiserver/server.crt"), "utf8");
    await boot(["control-plane"], { IGNEOUS_NODE_IP: "10.0.0.6" });
    expect(await Promise.all(names.map((name) => readFile(pki(name), "utf8")))).toEqual(before);
    expect(await readFile(pki("kube-apiserver/server.crt"), "utf8")).not.toBe(server);
  });

  it("tells when its certificates end", async () => {
    await boot(["etcd"]);
    const argv = [join(libexec, "igneous-pki"), "expiry"] as const;
    const { stdout } = await run(testContext(), argv, { env: { IGNEOUS_ROOT: root } });
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d etcd\/server\.crt$/mu);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d authority\/etcd-ca\.crt$/mu);
  });

  it("makes a worker wait, and say so, until launch gives it a cluster to join", async () => {
    expect(await boot(["worker"])).toContain("waiting for a cluster");
    await expect(read("run/igneous/cluster")).rejects.toThrow();
    await place("/etc/igneous/ca.crt", "a certificate\n");
    await boot(["worker"], {
      IGNEOUS_API_SERVER: "10.0.0.1:6443",
      IGNEOUS_BOOTSTRAP_TOKEN: "abcdef.0123456789abcdef",
    });
    expect(await read("run/igneous/cluster")).toBe("");
    const kubeconfig = await read("var/lib/igneous/pki/kubelet/bootstrap-kubeconfig");
    expect(kubeconfig).toContain("server: https://10.0.0.1:6443");
    expect(kubeconfig).toContain("token: abcdef.0123456789abcdef");
  });

  it("makes nothing but etcd's keys for a machine that runs etcd alone", async () => {
    await boot(["etcd"]);
    expect(readdirSync(pki("")).sort()).toEqual(["admin", "authority", "etcd", "geth"]);
    expect(readdirSync(pki("authority")).sort()).toEqual(["etcd-ca.crt", "etcd-ca.key"]);
  });

  it("says what is odd about its launch: a misspelt role, a token for a control plane", async () => {
    const said = await boot(["control-plane", "workr"], {
      IGNEOUS_BOOTSTRAP_TOKEN: "abcdef.0123456789abcdef",
    });
    expect(said).toContain("no role or container called 'workr'");
    expect(said).toContain("IGNEOUS_BOOTSTRAP_TOKEN, which joins a worker to another, is not used");
    expect((await read("run/igneous/status")).trim().split("\n")).toHaveLength(2);
  });

  it("says that the clock is before its cluster's certificate", async () => {
    const request = join(root, "request");
    const settings = `database=${root}/index\nnew_certs_dir=${root}\nrand_serial=yes\npolicy=p\ndefault_md=default`;
    await place("index", "");
    await place("ca.conf", `[ca]\ndefault_ca=d\n[d]\n${settings}\n[p]\ncommonName=supplied\n`);
    await place("etc/igneous/ca.crt", "");
    const key = ["-newkey", "ed25519", "-noenc", "-keyout", `${request}.key`];
    await openssl("req", "-new", "-subj", "/CN=t", ...key, "-out", request);
    const sign = ["-selfsign", "-keyfile", `${request}.key`, "-in", request];
    const dates = ["-startdate", "20990101000000Z", "-enddate", "20991231000000Z"];
    const out = ["-out", join(root, "etc/igneous/ca.crt")];
    await openssl("ca", "-batch", "-notext", "-config", join(root, "ca.conf"), ...sign, ...dates, ...out);
    expect(await boot(["worker"])).toContain("before the cluster's certificate begins");
  });

  it("says that a launch configuration that changed after the first boot is not read", async () => {
    const config = "sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw";
    await place(config, "{}");
    expect(await boot(["worker"])).not.toContain("has changed");
    expect(await boot(["worker"])).not.toContain("has changed");
    await place(config, '{"ignition":{"version":"3.3.0"}}');
    expect(await boot(["worker"])).toContain("the launch configuration has changed since the first boot");
  });

  it("refuses a name that cannot be a node's", async () => {
    await expect(boot([], { IGNEOUS_NODE_NAME: "under_score" })).rejects.toThrow(/cannot be a node's name/u);
  });
});
