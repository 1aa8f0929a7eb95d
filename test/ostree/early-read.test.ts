import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import { partialPath } from "../../src/oci/blob-cache.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { openSource } from "../../src/oci/source.ts";
import { importImage } from "../../src/ostree/import.ts";
import type { ImportedImage } from "../../src/ostree/imported-image.ts";
import { openRepo, type Repo } from "../../src/ostree/repo.ts";
import { type FakeImage, gzipLayer, imageOf, noise, tarOf } from "../fakes/oci-image.ts";
import { type Fault, startRegistry } from "../fakes/registry.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const retryPolicy = { attempts: 4, firstDelayMs: 1, longestDelayMs: 5, longestRetryAfterMs: 3000 };
const size = 3_000_000;

let image: FakeImage;
let blob: Uint8Array;
let other: Uint8Array;

const files = (seed: string) =>
  tarOf(
    [1, 2, 3, 4, 5, 6].map((number) => ({ name: `file${number}`, content: noise(size / 6, seed + number) })),
  );

beforeAll(async () => {
  const layer = gzipLayer(await files("right"));
  image = imageOf([layer]);
  blob = layer.blob;
  // Zeros may follow a gzip stream.
  other = Buffer.concat([gzipLayer(await files("wrong")).blob, Buffer.alloc(1000)]).subarray(0, blob.length);
});

/** Begins an import from a registry that treats the layer as `fault` says. */
async function begin(
  fault: (before: number) => Fault | undefined,
  { ranges = true, left }: { readonly ranges?: boolean; readonly left?: Uint8Array } = {},
): Promise<{ readonly repo: Repo; readonly imported: Promise<ImportedImage> }> {
  const registry = await startRegistry({ v1: image });
  registry.fault = (path, before) => (path.endsWith(digestOf(blob)) ? fault(before) : undefined);
  registry.acceptRanges = ranges;
  const folder = await temporaryFolder();
  const context = testContext(folder);
  if (left !== undefined) {
    const path = partialPath(context, digestOf(blob));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, left);
  }
  const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
  const reference = parseReference(`${registry.host}/app:v1`);
  const source = await openSource(context, reference, { retryPolicy });
  const resolved = await resolveImage(source, reference, "linux/amd64");
  const imported = importImage(context, repo, resolved, { source, name: "app" });
  imported.catch(() => undefined);
  return { repo, imported };
}

const objectsOf = ({ path }: Repo): number =>
  readdirSync(`${path}/objects`, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".filez"),
  ).length;

function ostree(repo: Repo, ...argv: readonly string[]): string {
  return execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, ...argv], { encoding: "utf8" });
}

async function expectWhole(repo: Repo, imported: Promise<ImportedImage>): Promise<void> {
  const { commit } = await imported;
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const argv = [`--repo=${repo.path}`, "cat", commit, `/file${number}`];
    const content = execFileSync(requireTool("ostree"), argv, { maxBuffer: size });
    expect(content.equals(noise(size / 6, `right${number}`))).toBe(true);
  }
  expect(ostree(repo, "fsck")).toContain("object");
}

describe("a layer that comes from a registry", () => {
  it("is read while it comes, and named only when it is whole", async () => {
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { repo, imported } = await begin(() => ({ kind: "hold", after: 2_200_000, until }));
    await expect.poll(() => objectsOf(repo), { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    expect(ostree(repo, "refs").trim()).toBe("");
    release();
    await expectWhole(repo, imported);
  });

  it.each<readonly [string, boolean, number]>([
    ["goes on where the connection broke", true, 2_200_000],
    ["begins anew where the registry has no ranges", false, 2_200_000],
    ["begins anew before much was read", false, 100_000],
  ])("%s", async (_what, ranges, after) => {
    const fault: Fault = { kind: "reset", after };
    const { repo, imported } = await begin((before) => (before < 2 ? fault : undefined), { ranges });
    await expectWhole(repo, imported);
  });

  it.each([true, false])(
    "is read once more when the first try sent another blob (ranges: %s)",
    async (ranges) => {
      const { repo, imported } = await begin(
        (before) =>
          before === 0 ? { kind: "other", body: other.subarray(0, 2_500_000), reset: true } : undefined,
        { ranges },
      );
      if (ranges) {
        // What came first is part of what has the wrong digest at the end.
        await expect(imported).rejects.toMatchObject({ code: "blob-digest-mismatch" });
        expect(objectsOf(repo)).toBe(0);
      } else await expectWhole(repo, imported);
      expect(ostree(repo, "fsck")).toContain("no errors");
    },
  );

  it("is told as what the registry did wrong, not as what was read of it", async () => {
    const { repo, imported } = await begin(() => ({
      kind: "other",
      body: noise(blob.length, "x"),
      reset: false,
    }));
    await expect(imported).rejects.toMatchObject({ code: "blob-digest-mismatch" });
    expect(objectsOf(repo)).toBe(0);
    expect(ostree(repo, "refs").trim()).toBe("");
  });

  it("leaves nothing when it is a good archive, but not the one that was asked for", async () => {
    const { repo, imported } = await begin(() => ({ kind: "other", body: other, reset: false }));
    await expect(imported).rejects.toMatchObject({ code: expect.stringMatching(/^blob-/u) });
    expect(objectsOf(repo)).toBe(0);
  });

  it("is told as a failed registry when it never comes whole", async () => {
    const { repo, imported } = await begin(() => ({ kind: "reset", after: 0 }), {
      left: blob.subarray(0, 2_000_000),
    });
    await expect(imported).rejects.toMatchObject({ code: "registry-failed" });
    expect(ostree(repo, "refs").trim()).toBe("");
  });

  it("is read from what an earlier process left, right or wrong", async () => {
    for (const left of [blob.subarray(0, 2_000_000), other.subarray(0, 2_000_000)]) {
      const { repo, imported } = await begin(() => undefined, { left });
      await expectWhole(repo, imported);
      expect(ostree(repo, "fsck")).toContain("no errors");
    }
  });
});
