import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { pruneBlobs, showCache } from "../../src/commands/cache.ts";
import { importImages } from "../../src/commands/import.ts";
import { digestOf } from "../../src/core/digest.ts";
import { blobPath, partialPath } from "../../src/oci/blob-cache.ts";
import { gzipLayer, imageOf, noise, tarOf } from "../fakes/oci-image.ts";
import { startRegistry } from "../fakes/registry.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const day = 24 * 60 * 60 * 1000;

describe("the cache", () => {
  it("shows what it holds, and prunes what is old", async () => {
    const context = testContext(await temporaryFolder());
    const now = Date.UTC(2030, 0, 31);
    const put = async (path: string, content: string, age: number): Promise<void> => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      await utimes(path, new Date(now - age * day), new Date(now - age * day));
    };
    const [old, young, part] = ["old", "young", "partial"].map((text) => digestOf(text));
    if (old === undefined || young === undefined || part === undefined) throw new Error("three digests");
    await put(blobPath(context, old), "old", 40);
    await put(blobPath(context, young), "young", 2);
    await put(partialPath(context, part), "par", 50);
    await put(`${partialPath(context, part)}.lock`, "1", 50);
    await put(join(dirname(blobPath(context, old)), ".abc.tmp"), "torn", 50);
    const shown = await showCache(context);
    expect(shown.bytes).toBe(11);
    expect(shown.blobs.find(({ digest }) => digest === part)).toMatchObject({ isPartial: true, size: 3 });
    const removed = await pruneBlobs(context, { keepDays: 30, now });
    expect(removed.blobs.map(({ digest }) => digest).toSorted()).toEqual([old, part].toSorted());
    expect((await showCache(context)).blobs.map(({ digest }) => digest)).toEqual([young]);
    expect(await readdir(dirname(blobPath(context, old)))).toHaveLength(1);
    expect(await readdir(dirname(partialPath(context, part)))).toHaveLength(0);
  });

  it("is empty before anything was pulled", async () => {
    expect(await showCache(testContext(join(await temporaryFolder(), "none")))).toMatchObject({
      blobs: [],
      bytes: 0,
    });
  });

  it("heals when what lies in it is not the blob", async () => {
    const folder = await temporaryFolder();
    const context = testContext(join(folder, "cache"));
    const layer = gzipLayer(await tarOf([{ name: "data", content: noise(300_000, "x") }]));
    const image = imageOf([layer]);
    const registry = await startRegistry({ v1: image });
    for (const bytes of [layer.blob, image.config]) {
      const path = blobPath(context, digestOf(bytes));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, Buffer.alloc(bytes.length));
    }
    const references = [`${registry.host}/app:v1`];
    expect(await importImages(context, { references, repo: join(folder, "repo") })).toHaveLength(1);
  });
});
