import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fullNode } from "./full-node.ts";
import { bakeChanged, note, type NodeMachine, startNode } from "./node-machine.ts";
import { clusterIsReady, podRuns, serviceAnswers, workload } from "./node-scripts.ts";
import { makeProject, prepare, removeProject } from "./project.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
let project = "";
let node: NodeMachine;

beforeAll(async () => {
  prepare();
  project = makeProject("node-selinux");
  cleanUp.push(() => removeProject(project));
  const { disk } = await bakeChanged(
    project,
    (spec) => `${fullNode(spec)}\nfeatures: [{ selinux: enforcing }]\n`,
  );
  node = await startNode({
    folder: project,
    name: "machine",
    disk: disk.path,
    launch: readFileSync(join(disk.path, "../launch.ign"), "utf8"),
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
    const stopped = "journalctl --boot --output=cat --grep='avc:.*denied.*permissive=0' || true";
    expect(await node.sh(stopped)).toBe("");
  });

  it("has on its disk the labels that its commit says, which OSTree's own check reads", async () => {
    expect(await node.sh("stat --format=%C /usr/bin/bash /etc/shadow /var")).toBe(
      ["shell_exec_t", "shadow_t", "var_t"].map((type) => `system_u:object_r:${type}:s0`).join("\n"),
    );
    await node.until("ostree's check of every object", "ostree fsck --quiet --repo=/sysroot/ostree/repo");
  });
});
