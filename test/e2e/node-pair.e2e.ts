import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { freePort } from "./free-port.ts";
import { fullNode } from "./full-node.ts";
import { launchConfig } from "./node-launch.ts";
import { bakeChanged, note, type NodeMachine, startNode } from "./node-machine.ts";
import { clusterIsReady, podRuns, workload } from "./node-scripts.ts";
import { igneous, makeProject, prepare, removeProject } from "./project.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
const memoryBytes = 3 * 2 ** 30;
let project = "";
let build: BakeResult;
let port = 0;
let controlPlane: NodeMachine;

beforeAll(async () => {
  prepare();
  project = makeProject("pair");
  cleanUp.push(() => removeProject(project));
  build = await bakeChanged(project, fullNode);
  port = await freePort();
});

afterAll(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

describe("a control plane and a worker from one image", () => {
  it("starts a control plane, which makes a token", async () => {
    const mac = "52:54:00:00:00:01";
    controlPlane = await startNode({
      folder: project,
      name: "control",
      disk: build.disk.path,
      launch: launchConfig({ name: "control", roles: ["control-plane"], address: "10.9.0.1", mac }),
      memoryBytes,
      link: { end: "listen", port, mac },
    });
    cleanUp.push(() => controlPlane.stop());
    await controlPlane.until("the control plane", clusterIsReady);
  });

  it("a worker joins with the token, runs a pod and geth, and the control plane reaches its logs", async () => {
    const ssh = `ssh://root@127.0.0.1:${controlPlane.machine.ports.get(22)}`;
    const hostKey = await controlPlane.sh("cat /etc/ssh/ssh_host_ed25519_key.pub");
    const knownHosts = join(project, "known-hosts");
    writeFileSync(knownHosts, `[127.0.0.1]:${controlPlane.machine.ports.get(22)} ${hostKey}\n`);
    const login = ["--host", ssh, "--key", controlPlane.key, "--known-hosts", knownHosts];
    const asked = await igneous(project, "token", ...login, "--json");
    expect(asked.exit, asked.stderr).toBe(0);
    const { nodeConfig, clusterCa } = JSON.parse(asked.stdout) as {
      readonly nodeConfig: readonly string[];
      readonly clusterCa: string;
    };
    const mac = "52:54:00:00:00:02";
    const worker = await startNode({
      folder: project,
      name: "worker",
      disk: build.disk.path,
      launch: launchConfig({
        name: "worker",
        roles: ["worker"],
        address: "10.9.0.2",
        mac,
        nodeConfig,
        clusterCa,
      }),
      memoryBytes,
      link: { end: "connect", port, mac },
    });
    cleanUp.push(() => worker.stop());
    const { seconds } = await controlPlane.until(
      "the worker",
      `[ "$(kubectl get node worker -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]`,
    );
    note(project, `a worker is Ready ${seconds} s after its start`);
    await controlPlane.sh("kubectl cordon control");
    await controlPlane.until("the workload", workload);
    await controlPlane.until("the pod", podRuns);
    expect(await controlPlane.sh("kubectl get pod web -o jsonpath='{.spec.nodeName}'")).toBe("worker");
    const { said } = await controlPlane.until("the log", "kubectl logs web | grep --max-count=1 serving");
    expect(said).toContain("serving");
    const reach =
      "curl --silent --fail --max-time 20 http://$(kubectl get pod web -o jsonpath='{.status.podIP}'):2379/health";
    expect((await controlPlane.until("the pod over the cable", reach)).said).toContain('"health":"true"');
    const running = "systemctl is-active geth kubelet kube-proxy igneous-routes | sort -u";
    await worker.until("the worker's containers", `[ "$(${running})" = active ]`);
    expect(await worker.sh("systemctl is-active etcd || true")).toBe("inactive");
  });
});
