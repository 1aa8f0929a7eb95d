import { execFile, execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { blockSize, digestDisk } from "../../src/aws/block-map.ts";
import { completeSnapshotInput } from "../../src/aws/image-input.ts";
import { openAws } from "../../src/aws/session.ts";
import { uploadBlocks } from "../../src/aws/upload.ts";
import { planUpload, volumeGiB } from "../../src/aws/upload-plan.ts";
import { startMoto } from "../fakes/aws/moto.ts";
import { motoWithBlockSize } from "../fakes/aws/moto-block-size.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const region = "eu-central-1";

function requireColdsnap(): void {
  try {
    execFileSync("coldsnap", ["--help"], { stdio: "ignore" });
  } catch {
    throw new Error("this test needs coldsnap on PATH: cargo install coldsnap --locked");
  }
}

/** Not in CI: building coldsnap takes a quarter of an hour. */
describe("a snapshot of ours, read by coldsnap", () => {
  it("is downloaded from moto with the same sha256", async () => {
    requireColdsnap();
    const moto = await startMoto();
    onTestFinished(() => moto.stop());
    const { endpoint, stop } = await motoWithBlockSize(moto.endpoint);
    onTestFinished(stop);
    const folder = await temporaryFolder();
    const credentials = {
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_REGION: region,
    };
    const env = { ...process.env, ...credentials, AWS_ENDPOINT_URL: moto.endpoint };
    const context = { ...testContext(), env };
    const disk = join(folder, "disk.img");
    const file = await open(disk, "w");
    // As a disk is: data with holes, and an end that is no whole GiB.
    for (const index of [0, 2, 3, 64, 65, 100])
      await file.write(randomBytes(blockSize), 0, blockSize, index * blockSize);
    await file.truncate(1500 * blockSize);
    await file.close();

    const aws = openAws(context);
    const ebs = await aws.ebs(region);
    const map = await digestDisk(context, disk);
    const plan = planUpload(map);
    const { SnapshotId: snapshotId = "" } = await ebs.startSnapshot({ VolumeSize: volumeGiB(map) });
    const sentLog = join(folder, "sent");
    await uploadBlocks(context, aws.clock, ebs, { snapshotId, disk, map, plan, sentLog, inFlight: 16 });
    await ebs.completeSnapshot(completeSnapshotInput(snapshotId, plan.send.length, plan.aggregate));

    const copy = join(folder, "copy.img");
    const argv = ["--endpoint", endpoint, "--region", region, "download", "--no-progress", snapshotId, copy];
    await promisify(execFile)("coldsnap", argv, { env });
    const bytes = await readFile(copy);
    const rest = bytes.subarray(map.size);
    expect(createHash("sha256").update(bytes.subarray(0, map.size)).digest("hex")).toBe(map.diskSha256);
    expect(rest.equals(Buffer.alloc(rest.length))).toBe(true);
  });
});
