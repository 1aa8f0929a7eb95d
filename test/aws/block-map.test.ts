import { createHash } from "node:crypto";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  blockMapPath,
  blockSize,
  digestDisk,
  findBlockMap,
  readBlockMap,
  writeBlockMap,
} from "../../src/aws/block-map.ts";
import { planUpload } from "../../src/aws/upload-plan.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { block, writeDisk } from "./disks.ts";

const context = testContext();
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

describe("block digests of a disk", () => {
  it("names the sha256 of every block, none for zeros, and of the whole disk", async () => {
    const disk = await writeDisk(join(await temporaryFolder(), "disk"), "a 0 b 0 0 c");
    const map = await digestDisk(context, disk.path);
    expect(map.diskSha256).toBe(disk.sha256);
    expect(map.count).toBe(6);
    expect([0, 1, 2, 3, 4, 5].map((index) => map.digestOf(index)?.toString("hex"))).toEqual(
      ["a", "0", "b", "0", "0", "c"].map((word) =>
        word === "0" ? undefined : sha256(block(word)).toString("hex"),
      ),
    );
    expect(map.digestOf(6)).toBeUndefined();
  });

  it("fills the last block up with zeros, for reads longer and shorter than its buffer", async () => {
    const words = Array.from({ length: 35 }, (_, index) => `w${index}`).join(" ");
    const disk = await writeDisk(join(await temporaryFolder(), "disk"), words, 34 * blockSize + 1000);
    const map = await digestDisk(context, disk.path);
    const last = Buffer.concat([disk.bytes.subarray(34 * blockSize), Buffer.alloc(blockSize - 1000)]);
    expect(map.diskSha256).toBe(disk.sha256);
    expect(map.digestOf(34)).toEqual(sha256(last));
    expect(map.digestOf(17)).toEqual(sha256(block("w17")));
  });

  it("is kept with the build, and not believed when a bit of it changed", async () => {
    const folder = await temporaryFolder();
    const disk = await writeDisk(join(folder, "disk"), "a 0 b");
    const map = await digestDisk(context, disk.path);
    await writeBlockMap(folder, map);
    const kept = await findBlockMap(folder);
    expect(kept?.bytes).toEqual(map.bytes);
    expect(kept?.diskSha256).toBe(disk.sha256);
    const bytes = await readFile(blockMapPath(folder));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(blockMapPath(folder), bytes);
    expect(await findBlockMap(folder)).toBeUndefined();
    await writeFile(blockMapPath(folder), "igneous block digests 1\n{");
    expect(await findBlockMap(folder)).toBeUndefined();
  });

  it("refuses a disk that changed since it was baked", async () => {
    const folder = await temporaryFolder();
    const disk = await writeDisk(join(folder, "disk"), "a 0 b");
    await readBlockMap(context, folder, disk);
    await writeDisk(disk.path, "a 0 c");
    await utimes(disk.path, 1, 1);
    await expect(readBlockMap(context, folder, disk)).rejects.toMatchObject({ code: "disk-changed" });
  });
});

describe("what travels", () => {
  const map = async (words: string) =>
    digestDisk(context, (await writeDisk(join(await temporaryFolder(), "disk"), words)).path);

  it("without a parent is every block that is not zero", async () => {
    const plan = planUpload(await map("a 0 b b"));
    expect(plan).toMatchObject({ total: 4, nonZero: 3, changed: 3, send: [0, 2, 3] });
    const digests = ["a", "b", "b"].map((word) => sha256(block(word)));
    expect(plan.aggregate).toBe(sha256(Buffer.concat(digests)).toString("base64"));
  });

  it("with a parent is what differs, zeros over old data and past the new end included", async () => {
    const plan = planUpload(await map("a 0 b x 0"), await map("a z b y 0 q"));
    expect(plan).toMatchObject({ total: 5, nonZero: 3, changed: 3, send: [1, 3, 5] });
    const digests = ["0", "x", "0"].map((word) => sha256(block(word)));
    expect(plan.aggregate).toBe(sha256(Buffer.concat(digests)).toString("base64"));
  });

  it("is nothing when the disk is the parent's", async () => {
    expect(planUpload(await map("a 0 b"), await map("a 0 b")).send).toEqual([]);
  });
});
