import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { fullNode } from "./full-node.ts";
import { launchConfig } from "./node-launch.ts";
import { bakeChanged, note, startNode } from "./node-machine.ts";
import { block, clusterIsReady } from "./node-scripts.ts";
import { makeProject, prepare, removeProject } from "./project.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
let project = "";
let build: BakeResult;

beforeAll(async () => {
  prepare();
  project = makeProject("pods");
  cleanUp.push(() => removeProject(project));
  build = await bakeChanged(project, (spec) =>
    fullNode(spec).replace("  version: 1.34.1", "  version: 1.34.1\n  runtime: static-pods"),
  );
});

afterAll(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

describe("a node whose containers are static pods", () => {
  it("becomes Ready with everything but the kubelet run by the kubelet", async () => {
    const node = await startNode({
      folder: project,
      name: "machine",
      disk: build.disk.path,
      launch: launchConfig({ name: "pods-1", roles: ["control-plane", "worker"] }),
      memoryBytes: 3 * 2 ** 30,
    });
    cleanUp.push(() => node.stop());
    const { seconds } = await node.until("the cluster", clusterIsReady);
    note(project, `static pods: node Ready ${seconds} s after the start`);
    const pods =
      "kubectl get pods -n kube-system --no-headers | awk '$3 == \"Running\" { print $1 }' | sort | paste -sd ' '";
    const names = [
      "etcd",
      "geth",
      "kube-apiserver",
      "kube-controller-manager",
      "kube-proxy",
      "kube-scheduler",
    ];
    const wanted = names.map((name) => `${name}-pods-1`).join(" ");
    await node.until("the pods", `[ "$(${pods})" = '${wanted}' ]`);
    const one = Number(await node.sh(block));
    await node.until("another block", `[ $(${block}) -gt ${one} ]`);
    expect(await node.sh("systemctl is-active kubelet")).toBe("active");
    expect(await node.sh("systemctl list-unit-files etcd.service --no-legend || true")).toBe("");
    await node.until("health", "grep --quiet ^healthy /run/igneous/health");
  });
});
