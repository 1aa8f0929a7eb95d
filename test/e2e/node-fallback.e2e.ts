import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { launchConfig } from "./node-launch.ts";
import { bakeChanged, note, type NodeMachine, startNode } from "./node-machine.ts";
import { makeProject, prepare, removeProject } from "./project.ts";

const cleanUp: (() => Promise<void> | void)[] = [];
let project = "";
let build: BakeResult;
let node: NodeMachine;

beforeAll(async () => {
  prepare();
  project = makeProject("fallback");
  cleanUp.push(() => removeProject(project));
  build = await bakeChanged(project, (spec) => `${spec}\nhealth: { tries: 1, seconds: 120 }\n`);
  node = await startNode({
    folder: project,
    name: "machine",
    disk: build.disk.path,
    launch: launchConfig({
      name: "fallback-1",
      roles: ["etcd"],
      nodeConfig: ["IGNEOUS_HEALTH_SECONDS=30"],
    }),
    memoryBytes: 2 ** 31,
    leavePanics: true,
  });
  cleanUp.push(() => node.stop());
  await settled();
});

afterAll(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

const settled = async (): Promise<void> => {
  await node.until("the end of the boot", "systemctl is-active --quiet igneous-boot-complete");
};

/** A commit like the booted one, but for files of its own; the next boot. Nothing of it was baked, so it costs seconds. */
const deployChanged = (title: string, changes = ""): string => `
set -eu
tree=/var/tmp/changed
rm -rf $tree
mkdir -p $tree/usr/lib/systemd/system
booted=$(igneous-host status --json --brief | jq --raw-output .booted.commit)
${changes}
commit=$(ostree commit --repo=/ostree/repo --orphan --subject='${title}' --tree=ref=$booted --tree=dir=$tree)
igneous-host deploy $commit >/dev/null
echo $commit`;

/** Other kernel arguments for the next boot alone: what an image with such arguments would have been baked with. */
const changeArguments = (from: string, to: string): string =>
  `sed -i '0,/^[[:space:]]*APPEND/I{/^[[:space:]]*APPEND/I s|${from}|${to}|}' /boot/loader/syslinux.cfg && grep --quiet -- '${to}' /boot/loader/syslinux.cfg`;

/** Reboots into what is broken, and waits for the build that it started from. */
async function fallsBackFrom(commit: string, reason: RegExp, then = "true"): Promise<void> {
  const seconds = await node.reboot("true");
  const { seconds: more } = await node.until(
    "the fallback",
    `igneous-host status | grep --quiet '^booted *${build.commits.host}'`,
  );
  await node.sh(then);
  await settled();
  const said = await node.sh("igneous-host status");
  expect(said).toMatch(new RegExp(`^booted +${build.commits.host}`, "mu"));
  expect(said).toContain("next       the same");
  expect(/^fell back from .*$/gmu.exec(said)).not.toBeNull();
  const line = said.split("\n").find((text) => text.startsWith(`fell back from ${commit} `));
  expect(line, said).toMatch(reason);
  // Nothing counts any more, and nobody is sent back to what failed.
  expect(await node.sh("grep --count '^tries=$' /boot/grub/grubenv")).toBe("1");
  expect(await node.sh("igneous-host rollback 2>&1 || true")).toContain("did not become healthy here");
  expect(await node.sh("cat /var/lib/igneous/marker")).toBe("kept");
  note(project, `${reason.source}: back ${seconds + more} s after the reboot`);
}

describe("a deployment that is broken is left by itself", () => {
  it("starts with one that is good", async () => {
    await node.until("health", "grep --quiet ^healthy /run/igneous/health");
    await node.sh("echo kept >/var/lib/igneous/marker");
  });

  it("a kernel that panics", async () => {
    const commit = await node.sh(deployChanged("panics"));
    // No program of the initramfs is found, and a kernel alone cannot find a root file system by its label.
    await node.sh(changeArguments("root=LABEL=root", "rdinit=/nothing root=LABEL=root"));
    await fallsBackFrom(commit, /did not come far enough to say why/u);
    expect(node.machine.serial.panics()).toBe(1);
  });

  it("an initramfs that hangs", async () => {
    const commit = await node.sh(deployChanged("hangs"));
    await node.sh(changeArguments("root=LABEL=root", "root=LABEL=nowhere igneous.limit=60"));
    await fallsBackFrom(commit, /did not come far enough to say why/u);
    expect(node.machine.serial.tail()).toContain("the root file system was not there within 60 s");
  });

  it("an etcd that does not start", async () => {
    const config = "usr/lib/igneous/containers/etcd/config.json";
    const change = `mkdir -p $tree/$(dirname ${config})\njq '.process.args += ["--no-flag-of-etcd"]' /${config} >$tree/${config}`;
    const commit = await node.sh(deployChanged("etcd", change));
    await fallsBackFrom(commit, /: etcd\.service /u);
  });

  it("a full disk", async () => {
    // A program that is not root's: what ext4 keeps for root stays free, as it would when geth's chain fills the disk.
    const unit =
      "[Unit]\\nBefore=etcd.service\\n[Service]\\nType=oneshot\\nUser=944\\nExecStart=/usr/libexec/fills\\n";
    const change = `
mkdir -p $tree/usr/lib/systemd/system/multi-user.target.wants $tree/usr/libexec
printf '${unit}' >$tree/usr/lib/systemd/system/fills.service
ln -s ../fills.service $tree/usr/lib/systemd/system/multi-user.target.wants/fills.service
cat >$tree/usr/libexec/fills <<'FILLS'
#!/bin/sh
cd /var/lib/geth
fallocate -l $(($(df --output=avail --block-size=1 . | tail -1) - 16777216)) fills
dd if=/dev/zero of=fills bs=1M oflag=append conv=notrunc || true
FILLS
chmod 755 $tree/usr/libexec/fills`;
    const commit = await node.sh(deployChanged("fills", change));
    // It is full for the deployment before as well, until somebody makes room.
    await fallsBackFrom(commit, /\/var is 100 % full/u, "rm /var/lib/geth/fills");
  });
});
