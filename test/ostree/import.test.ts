import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openLayout } from "../../src/oci/layout.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { importImage } from "../../src/ostree/import.ts";
import type { ImportedImage } from "../../src/ostree/imported-image.ts";
import { openRepo, type Repo, type RepoMode } from "../../src/ostree/repo.ts";
import { type FakeImage, gzipLayer, imageOf, noise, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();

async function importInto(repo: Repo, image: FakeImage, tag = "v1"): Promise<ImportedImage> {
  const folder = join(await temporaryFolder(), "layout");
  await writeLayout(folder, { [tag]: image });
  const reference = parseReference(`oci:${folder}:${tag}`);
  const source = await openLayout(folder);
  const resolved = await resolveImage(source, reference, "linux/amd64");
  return importImage(context, repo, resolved, { source, name: "example.org/app:v1" });
}

async function newRepo(mode: RepoMode = "archive"): Promise<Repo> {
  return openRepo(context, join(await temporaryFolder(), "repo"), { mode, fsync: false });
}

function ostree(repo: Repo, ...argv: readonly string[]): string {
  return execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, ...argv], { encoding: "utf8" });
}

describe("importImage", () => {
  let image: FakeImage;

  beforeAll(async () => {
    const lower = await tarOf([
      { name: "./", type: "directory", mode: 0o750 },
      { name: "bin/", type: "directory", mode: 0o755 },
      { name: "bin/app", content: noise(3_000_000, "app"), mode: 0o4755, uid: 5, gid: 6 },
      { name: "bin/alias", type: "link", linkname: "bin/app" },
      { name: "etc/old", content: "old" },
      { name: "dev/null", type: "character-device", mode: 0o666 },
      { name: "ping", content: "ping", pax: { "SCHILY.xattr.user.one": "1", "SCHILY.xattr.user.a": "2" } },
    ]);
    const upper = await tarOf([
      { name: "etc/.wh.old" },
      { name: "/etc/new", content: "new" },
      { name: "etc/link", type: "symlink", linkname: "/bin/app" },
    ]);
    image = imageOf([gzipLayer(lower), gzipLayer(upper)]);
  });

  it("puts the tree that the image means on a ref, and its layers on others", async () => {
    const repo = await newRepo();
    const imported = await importInto(repo, image);
    expect(imported.droppedDeviceNodes).toBe(1);
    expect(ostree(repo, "rev-parse", "ociimage/image/example.org/app_3Av1").trim()).toBe(imported.commit);
    const listing = ostree(repo, "ls", "-R", "-X", imported.commit);
    expect(listing).toMatch(/^d00750 0 0 .* \/$/mu);
    expect(listing).toMatch(/^-04755 5 6 3000000 .*\/bin\/app$/mu);
    expect(listing).toMatch(/^-04755 5 6 3000000 .*\/bin\/alias$/mu);
    expect(listing).toMatch(/user\.a.*user\.one.*\/ping$/mu);
    expect(listing).toContain("/etc/link -> /bin/app");
    expect(listing).toContain("/etc/new");
    expect(listing).not.toContain("/etc/old");
    expect(listing).not.toContain("/dev/null");
    expect(ostree(repo, "refs")).toContain(`ociimage/layer/${imported.layers[1]?.digest.slice(7)}`);
    expect(ostree(repo, "fsck")).toContain("object");
  });

  it("keeps manifest and config in the metadata, as served", async () => {
    const repo = await newRepo();
    const { commit } = await importInto(repo, image);
    const shown = ostree(repo, "show", "--print-metadata-key=ostree.manifest", commit).trim();
    expect(shown.slice(1, -1).replaceAll("\\'", "'")).toBe(image.manifest.toString());
  });

  it("gives the same commits in every mode of repo", async () => {
    const modes: readonly RepoMode[] =
      process.getuid?.() === 0 ? ["archive", "bare-user", "bare"] : ["archive", "bare-user"];
    const results: ImportedImage[] = [];
    for (const mode of modes) {
      const repo = await newRepo(mode);
      const first = await importInto(repo, image);
      expect(ostree(repo, "fsck")).toContain("object");
      expect({ ...(await importInto(repo, image)), reference: "" }).toEqual({ ...first, reference: "" });
      results.push({ ...first, reference: "" });
    }
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  it("reads only the layers that the repo lacks", async () => {
    const repo = await newRepo();
    await importInto(repo, image);
    const extra = gzipLayer(await tarOf([{ name: "extra", content: "x" }]));
    const bigger = imageOf([...(await layersOf(image)), extra]);
    const imported = await importInto(repo, bigger, "v2");
    expect(imported.layers).toHaveLength(3);
    expect(ostree(repo, "fsck")).toContain("object");
  });
});

describe("an import that is stopped", () => {
  it("leaves no ref, and the next one reads only what the first had not finished", async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
    const layers = [];
    for (const name of ["one", "two"])
      layers.push(gzipLayer(await tarOf([{ name, content: noise(2_000_000, name) }])));
    await writeLayout(join(folder, "layout"), { v1: imageOf(layers) });
    const source = await openLayout(join(folder, "layout"));
    const resolved = await resolveImage(source, parseReference(`oci:${folder}/layout:v1`), "linux/amd64");
    const [first, second] = resolved.layers;
    const half = (first?.size ?? 0) + (second?.size ?? 0) / 2;
    const stop = new AbortController();
    const stopping = importImage({ ...context, signal: stop.signal }, repo, resolved, {
      source: { ...source, fetchBlob: (blob) => source.fetchBlob(blob) },
      onProgress: (done, total) => (2 * done - total > half ? stop.abort(new Error("stopped")) : undefined),
    });
    await expect(stopping).rejects.toThrow("stopped");
    expect(ostree(repo, "refs").trim()).toBe("");

    rmSync(join(folder, "layout", "blobs", "sha256", first?.digest.slice(7) ?? ""));
    const imported = await importImage(context, repo, resolved, { source });
    expect(ostree(repo, "fsck")).toContain("no errors");
    const elsewhere = await openRepo(context, join(folder, "other"), { fsync: false });
    await writeLayout(join(folder, "layout"), { v1: imageOf(layers) });
    expect(await importImage(context, elsewhere, resolved, { source })).toEqual(imported);
  });
});

async function layersOf(
  image: FakeImage,
): Promise<readonly { blob: Uint8Array; mediaType: string; diffId: string }[]> {
  const manifest = JSON.parse(image.manifest.toString()) as {
    layers: { digest: string; mediaType: string }[];
  };
  const config = JSON.parse(image.config.toString()) as { rootfs: { diff_ids: string[] } };
  return manifest.layers.map(({ digest, mediaType }, index) => ({
    blob: image.blobs.get(digest) ?? new Uint8Array(0),
    mediaType,
    diffId: config.rootfs.diff_ids[index] ?? "",
  }));
}
