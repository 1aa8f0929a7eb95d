import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import { fetchAhead } from "../../src/oci/fetch-ahead.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { openSource } from "../../src/oci/source.ts";
import { imageOf, noise } from "../fakes/oci-image.ts";
import { startRegistry } from "../fakes/registry.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const blobs = [3_500_000, 100, 1_048_576, 70_000].map((size) => noise(size, String(size)));

async function setting() {
  const layers = blobs.map((blob) => ({
    blob,
    mediaType: "application/octet-stream",
    diffId: digestOf(blob),
  }));
  const registry = await startRegistry({ v1: imageOf(layers) });
  const context = testContext(await temporaryFolder());
  const source = await openSource(context, parseReference(`${registry.host}/app:v1`), {});
  const wanted = blobs.map((blob) => ({ source, blob: { digest: digestOf(blob), size: blob.length } }));
  return { registry, wanted };
}

describe("fetchAhead", () => {
  it("hands over each blob once, whole and in order, and tells how far it is", async () => {
    const { wanted } = await setting();
    const progress: number[] = [];
    const fetches = fetchAhead(wanted, (index, bytes) => {
      progress[index] = bytes;
    });
    for (const [index, blob] of blobs.entries()) {
      const read: Buffer[] = [];
      const length = await fetches.withChunks(index, async (chunks) => {
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk);
        return read.push(Buffer.concat(parts));
      });
      expect(length).toBe(1);
      expect(read[0]?.equals(blob)).toBe(true);
    }
    await fetches.stop();
    expect(progress).toEqual(blobs.map(({ length }) => length));
  });

  it("says which bytes nobody has held against their digest yet, and hands over the last of them", async () => {
    const { registry, wanted } = await setting();
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    registry.fault = (path) =>
      path.includes(wanted[0]?.blob.digest ?? "") ? { kind: "hold", after: 1_500_000, until } : undefined;
    const fetches = fetchAhead(wanted, () => undefined);
    let times = 0;
    const size = await fetches.withChunks(0, async (chunks, isComing) => {
      times++;
      expect(isComing).toBe(true);
      let bytes = 0;
      for await (const chunk of chunks) {
        bytes += chunk.length;
        release();
      }
      return bytes;
    });
    await fetches.stop();
    expect({ times, size }).toEqual({ times: 1, size: 3_500_000 });
  });
});
