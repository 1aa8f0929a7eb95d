import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestDisk } from "../../src/aws/block-map.ts";
import { uploadBlocks } from "../../src/aws/upload.ts";
import { planUpload } from "../../src/aws/upload-plan.ts";
import { home, setting } from "./publishing.ts";

describe("uploadBlocks", () => {
  it("refuses a disk that changes while it is sent: EBS takes no block that is not the map's", async () => {
    const { sim, context, aws, bake, folder } = await setting();
    const { disk } = await bake("b1", "a b c");
    const map = await digestDisk(context, disk.path);
    const bytes = await readFile(disk.path);
    bytes[600_000] = (bytes[600_000] ?? 0) ^ 1;
    await writeFile(disk.path, bytes);
    const ebs = await aws.ebs(home);
    const { SnapshotId: snapshotId = "" } = await ebs.startSnapshot({ VolumeSize: 1 });
    const plan = planUpload(map);
    const upload = { snapshotId, disk: disk.path, map, plan, sentLog: join(folder, "sent"), inFlight: 1 };
    await expect(uploadBlocks(context, aws.clock, ebs, upload)).rejects.toMatchObject({
      code: "disk-changed",
    });
    expect([...(sim.world.snapshots.get(snapshotId)?.blocks.keys() ?? [])]).toEqual([0]);
  });
});
