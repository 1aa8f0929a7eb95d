import { describe, expect, it } from "vitest";
import { planLayout, renderPartitionScript, rootBytesOf } from "../../src/disk/layout.ts";
import { run } from "../../src/host/exec.ts";
import { join } from "node:path";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const gib = 2 ** 30;

describe("planLayout", () => {
  it("gives the same identifiers for the same build and others for another", () => {
    expect(planLayout("a", gib)).toEqual(planLayout("a", gib));
    expect(planLayout("a", gib).diskId).not.toBe(planLayout("b", gib).diskId);
    const { diskId, esp, root } = planLayout("a", gib);
    expect(new Set([diskId, esp.id, root.id, root.filesystemId, root.hashSeed]).size).toBe(5);
  });

  it("fills a disk of a given size", () => {
    expect(planLayout("a", rootBytesOf(8 * gib)).sizeBytes).toBe(8 * gib);
    expect(planLayout("a", rootBytesOf(8 * gib + 12_345)).sizeBytes).toBe(8 * gib);
  });

  it("makes a partition table in which sgdisk finds no problem", async () => {
    const disk = join(await temporaryFolder(), "disk.img");
    const layout = planLayout("a", gib);
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
