import { describe, expect, it } from "vitest";
import { planLayout, renderPartitionScript, rootBytesOf, wholeGroups } from "../../src/disk/layout.ts";
import { run } from "../../src/host/exec.ts";
import { join } from "node:path";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const gib = 2 ** 30;

describe("planLayout", () => {
  it("gives the same identifiers for the same build and others for another", () => {
    expect(planLayout("node", "a", gib)).toEqual(planLayout("node", "a", gib));
    expect(planLayout("node", "a", gib).diskId).not.toBe(planLayout("node", "b", gib).diskId);
    const { diskId, esp, root } = planLayout("node", "a", gib);
    expect(new Set([diskId, esp.id, root.id, root.filesystemId, root.hashSeed]).size).toBe(5);
  });

  it("keeps what seeds the file system's checksums from build to build of a spec", () => {
    const [before, after] = [planLayout("node", "a", gib), planLayout("node", "b", 2 * gib)];
    expect(after.root.filesystemId).toBe(before.root.filesystemId);
    expect(after.root.hashSeed).toBe(before.root.hashSeed);
    expect(planLayout("other", "a", gib).root.filesystemId).not.toBe(before.root.filesystemId);
    expect([gib, 2 * gib, 2 * gib + 1].map(wholeGroups)).toEqual([2 * gib, 2 * gib, 4 * gib]);
  });

  it("fills a disk of a given size", () => {
    expect(planLayout("node", "a", rootBytesOf(8 * gib)).sizeBytes).toBe(8 * gib);
    expect(planLayout("node", "a", rootBytesOf(8 * gib + 12_345)).sizeBytes).toBe(8 * gib);
  });

  it("makes a partition table in which sgdisk finds no problem", async () => {
    const disk = join(await temporaryFolder(), "disk.img");
    const layout = planLayout("node", "a", gib);
    const context = testContext();
    await run(context, ["truncate", `--size=${layout.sizeBytes}`, disk]);
    await run(context, [requireTool("sfdisk"), "--quiet", disk], { input: renderPartitionScript(layout) });
    const { stdout } = await run(context, [requireTool("sgdisk"), "--verify", "--print", disk]);
    expect(stdout).toContain("No problems found");
    expect(stdout.toLowerCase()).toContain(layout.diskId);
    const { stdout: root } = await run(context, [requireTool("sgdisk"), "--info=2", disk]);
    expect(root.toLowerCase()).toContain(layout.root.id);
    expect(root).toContain("Linux x86-64 root");
  });
});
