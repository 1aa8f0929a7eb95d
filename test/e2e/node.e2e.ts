import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { type HttpsFolder, makeCertificates, serveHttps } from "../node/https-folder.ts";
import { fullNode } from "./full-node.ts";
import { bakeChanged, note, type NodeMachine, startNode } from "./node-machine.ts";
import { makeProject, prepare, removeProject } from "./project.ts";
import { block, clusterIsReady, etcdctl, podRuns, serviceAnswers, workload } from "./node-scripts.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
let project = "";
let repo: HttpsFolder;
let first: BakeResult;
let second: BakeResult;
let broken: BakeResult;
let node: NodeMachine;

beforeAll(async () => {
  prepare();
  project = makeProject("node");
  cleanUp.push(() => removeProject(project));
  first = await bakeChanged(project, fullNode);
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

/** Waits for the whole cluster and its pod after a boot, and tells how long the boot took. */
async function expectReady(title: string): Promise<void> {
  await node.until("the cluster", clusterIsReady);
  const ready = Math.round(Number(await node.sh("cut -d ' ' -f 1 /proc/uptime")));
  note(project, `${title}: node Ready ${ready} s after the kernel's start`);
}

const deploy = (build: BakeResult): string =>
  `igneous-host deploy --from https://10.0.2.2:${repo.port} ${build.commits.host}`;
const status = async (): Promise<string> => node.sh("igneous-host status");
/** Units that do not run, or not since their first start, with what they said last. */
const notAtFirstTry = `
for unit in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy geth; do
  state=$(systemctl show --property=ActiveState,NRestarts --value $unit | paste -sd ' ')
  [ "$state" = '0 active' ] || { echo "$unit $state"; journalctl --unit=$unit --lines=40 --no-pager --output=cat; }
done`;
const etcdFlags = "tr '\\0' '\\n' </proc/$(pgrep -x -u 940 etcd)/cmdline | grep snapshot || true";

describe("one machine with both roles", () => {
  it("boots to a Ready node whose containers never failed", async () => {
    await expectReady("first boot");
    expect(await node.sh(notAtFirstTry)).toBe("");
    const { said } = await node.until("etcd's health", `${etcdctl} endpoint health 2>&1`);
    expect(said).toContain("is healthy");
    expect(await node.sh("systemctl list-units --failed --no-legend")).toBe("");
  });

  it("runs a pod from a preloaded image, with logs, exec and a Service", async () => {
    expect(await node.sh("ctr --namespace k8s.io images ls --quiet")).toContain(
      "registry.k8s.io/etcd:3.6.5-0",
    );
    await node.until("the workload", workload);
    await node.until("the pod", podRuns);
    // Ready is a pod without a probe as soon as its program was started.
    await node.until("the pod's log", "kubectl logs web | grep --quiet 'serving client traffic'");
    const inside = await node.until("the pod's program", "kubectl exec web -- etcdctl endpoint health 2>&1");
    expect(inside.said).toContain("is healthy");
    const { said } = await node.until("the Service", serviceAnswers);
    expect(said).toContain('"health":"true"');
    await node.sh("kubectl create configmap marker --from-literal=word=first");
  });

  it("makes blocks", async () => {
    const one = Number(await node.sh(block));
    await node.until("another block", `[ $(${block}) -gt ${one} ]`);
    const attach =
      "/usr/lib/igneous/containers/geth/rootfs/usr/local/bin/geth attach --exec eth.blockNumber http://127.0.0.1:8545";
    expect(Number(await node.sh(attach))).toBeGreaterThan(one);
    await node.sh(`${block} >/var/lib/igneous/block`);
  });

  it("says that it is healthy, and when a certificate ends", async () => {
    await node.until("health", "grep --quiet ^healthy /run/igneous/health");
    expect(await status()).toMatch(/^health {5}healthy$/mu);
    expect(await status()).toMatch(/^certificates valid until \d{4}-/mu);
  });
});

describe("upgrade, rollback and a build that is broken", () => {
  beforeAll(async () => {
    second = await bakeChanged(
      project,
      (spec) => `${spec}\ncontainers:\n  etcd: { args: [--snapshot-count=5000] }\n`,
    );
    broken = await bakeChanged(project, (spec) =>
      spec.replace("--snapshot-count=5000", "--no-flag-of-etcd=1"),
    );
    const certificates = mkdtempSync(join(tmpdir(), "igneous-repo-"));
    cleanUp.push(() => rmSync(certificates, { recursive: true }));
    await makeCertificates(certificates);
    repo = await serveHttps(join(project, ".igneous/repo"), certificates);
    cleanUp.push(() => repo.stop());
    await node.sh(
      `cat > /etc/igneous/repo-ca.crt <<'CA'\n${readFileSync(join(certificates, "ca.crt"), "utf8")}CA`,
    );
  });

  const restarts = "kubectl get pod web -o jsonpath='{.status.containerStatuses[0].restartCount}'";
  let restarted = 0;
  const keepsState = async (): Promise<void> => {
    expect(await node.sh("kubectl get configmap marker -o jsonpath='{.data.word}'")).toBe("first");
    await node.until("geth", `[ $(${block}) -ge $(cat /var/lib/igneous/block) ]`);
    // A status of the boot before says that it runs, too; that it was started again does not.
    await node.until("the pod's restart", `[ $(${restarts}) -gt ${restarted} ]`);
    await node.until("the pod", podRuns);
    restarted = Number(await node.sh(restarts));
    await node.sh(`${block} >/var/lib/igneous/block`);
    await node.until("the end of the boot", "systemctl is-active --quiet igneous-boot-complete");
  };

  it("upgrades to a second build, and everything is still there", async () => {
    await node.until("the end of the first boot", "systemctl is-active --quiet igneous-boot-complete");
    await node.reboot(deploy(second));
    await expectReady("upgraded");
    expect(await status()).toMatch(new RegExp(`^booted +${second.commits.host}`, "mu"));
    expect(await node.sh(etcdFlags)).toBe("--snapshot-count=5000");
    await keepsState();
  });

  it("goes back to the first", async () => {
    await node.reboot("igneous-host rollback");
    await expectReady("rolled back");
    expect(await status()).toMatch(new RegExp(`^booted +${first.commits.host}`, "mu"));
    expect(await node.sh(etcdFlags)).toBe("");
    await keepsState();
  });

  it("falls back by itself from a build whose etcd does not start, and says why", async () => {
    await node.reboot(deploy(broken));
    await node.until("the fallback", `igneous-host status | grep --quiet '^booted *${first.commits.host}'`);
    await expectReady("fallen back");
    await node.until("the end of the boot", "systemctl is-active --quiet igneous-boot-complete");
    const said = await status();
    expect(said).toMatch(new RegExp(`^fell back from ${broken.commits.host} .*etcd`, "mu"));
    expect(said).toContain("next       the same");
    await keepsState();
  });
});
