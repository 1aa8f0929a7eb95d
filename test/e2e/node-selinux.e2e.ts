import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { type HttpsFolder, makeCertificates, serveHttps } from "../node/https-folder.ts";
import { fullNode } from "./full-node.ts";
import { bakeChanged, note, type NodeMachine, startNode } from "./node-machine.ts";
import { clusterIsReady, podRuns, serviceAnswers, workload } from "./node-scripts.ts";
import { makeProject, prepare, removeProject } from "./project.ts";

const stopped = "journalctl --boot --output=cat --grep='avc:.*denied.*permissive=0' || true";
const cleanUp: (() => Promise<void> | void)[] = [];
let project = "";
let first: BakeResult;
let node: NodeMachine;

/** A program of a user's own, which ships the journal: it keeps what it was given. */
const forwarder = `    - path: /usr/libexec/igneous/log-forwarder
      mode: 0755
      contents:
        inline: |
          #!/bin/sh
          exec tee "$STATE_DIRECTORY/shipped" >/dev/null
`;

beforeAll(async () => {
  prepare();
  project = makeProject("node-selinux");
  cleanUp.push(() => removeProject(project));
  const template = join(project, "butane/image.bu.hbs");
  const text = readFileSync(template, "utf8");
  if (!text.includes("log-forwarder"))
    writeFileSync(template, text.replace("  files:\n", `  files:\n${forwarder}`));
  first = await bakeChanged(
    project,
    (spec) => `${fullNode(spec)}\nfeatures: [log-forwarder, { selinux: enforcing }]\n`,
  );
  node = await startNode({
    folder: project,
    name: "machine",
    disk: first.disk.path,
    launch: readFileSync(join(first.disk.path, "../launch.ign"), "utf8"),
    memoryBytes: 3 * 2 ** 30,
  });
  cleanUp.push(() => node.stop());
});

afterAll(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

describe("a node whose SELinux policy is enforced", () => {
  it("boots to a Ready node, without a failed unit", async () => {
    expect(await node.sh("getenforce")).toBe("Enforcing");
    await node.until("the cluster", clusterIsReady);
    note(
      project,
      `enforcing: node Ready ${await node.sh("cut -d ' ' -f 1 /proc/uptime")} s after the kernel's start`,
    );
    expect(await node.sh("systemctl list-units --failed --no-legend")).toBe("");
    await node.until("the end of the boot", "systemctl is-active --quiet igneous-boot-complete");
  });

  it("runs a pod with a Service", async () => {
    await node.until("the workload", workload);
    await node.until("the pod", podRuns);
    await node.until("the Service", serviceAnswers);
  });

  it("confines its services, each in its own domain, and stops none of what they need", async () => {
    const domains = await node.sh("ps -eo label,comm --no-headers");
    for (const [domain, program] of [
      ["sshd_t", "sshd"],
      ["syslogd_t", "systemd-journal"],
      ["systemd_networkd_t", "systemd-network"],
      ["system_dbusd_t", "dbus-daemon"],
    ])
      expect(domains).toMatch(new RegExp(`:${domain}:\\S* +${program}`, "u"));
    expect(await node.sh(stopped)).toBe("");
  });

  it("has on its disk the labels that its commit says, which OSTree's own check reads", hasLabels);

  it("gives the journal to a program that ships it, as lines of JSON and as nobody in particular", async () => {
    const shipped = "/var/lib/private/log-forwarder/shipped";
    await node.until(
      "a line of the kernel and one of etcd",
      `grep --quiet _TRANSPORT...kernel ${shipped} && grep --quiet SYSLOG_IDENTIFIER...etcd ${shipped}`,
    );
    expect(await node.sh(`head -n 1 ${shipped} | jq --raw-output ._BOOT_ID`)).toMatch(/^[0-9a-f]{32}$/u);
    // https://systemd.io/UIDS-GIDS/: those of dynamic users
    const uid = Number(await node.sh("ps -o uid= -C tee"));
    expect(uid >= 61_184 && uid <= 65_519).toBe(true);
  });
});

async function hasLabels(): Promise<void> {
  expect(await node.sh("stat --format=%C /usr/bin/bash /etc/shadow /var")).toBe(
    ["shell_exec_t", "shadow_t", "var_t"].map((type) => `system_u:object_r:${type}:s0`).join("\n"),
  );
  await node.until("ostree's check of every object", "ostree fsck --quiet --repo=/sysroot/ostree/repo");
}

/** What every boot of such a node is: enforcing, Ready, labelled, nothing failed, nothing stopped that it needs. */
async function expectEnforced(commit: string, etcdFlag: string): Promise<void> {
  await node.until("the cluster", clusterIsReady);
  await node.until("the end of the boot", "systemctl is-active --quiet igneous-boot-complete");
  expect(await node.sh("igneous-host status")).toMatch(new RegExp(`^booted +${commit}`, "mu"));
  expect(await node.sh("getenforce")).toBe("Enforcing");
  expect(await node.sh("tr '\\0' '\\n' </proc/$(pgrep -x -u 940 etcd)/cmdline | grep snapshot || true")).toBe(
    etcdFlag,
  );
  expect(await node.sh("systemctl list-units --failed --no-legend")).toBe("");
  expect(await node.sh(stopped)).toBe("");
  await node.until("the pod", podRuns);
  await hasLabels();
}

describe("upgrade and rollback of such a node", () => {
  let repo: HttpsFolder;
  let second: BakeResult;

  beforeAll(async () => {
    second = await bakeChanged(
      project,
      (spec) => `${spec}\ncontainers:\n  etcd: { args: [--snapshot-count=5000] }\n`,
    );
    const certificates = mkdtempSync(join(tmpdir(), "igneous-repo-"));
    cleanUp.push(() => rmSync(certificates, { recursive: true }));
    await makeCertificates(certificates);
    repo = await serveHttps(join(project, ".igneous/repo"), certificates);
    cleanUp.push(() => repo.stop());
    const ca = readFileSync(join(certificates, "ca.crt"), "utf8");
    await node.sh(`cat > /etc/igneous/repo-ca.crt <<'CA'\n${ca}CA`);
  });

  it("upgrades to a second build", async () => {
    await node.reboot(`igneous-host deploy --from https://10.0.2.2:${repo.port} ${second.commits.host}`);
    await expectEnforced(second.commits.host, "--snapshot-count=5000");
  });

  it("goes back to the first", async () => {
    await node.reboot("igneous-host rollback");
    await expectEnforced(first.commits.host, "");
  });
});
