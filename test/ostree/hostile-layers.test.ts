import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { importImages } from "../../src/commands/import.ts";
import { digestOf } from "../../src/core/digest.ts";
import { openRepo, type Repo } from "../../src/ostree/repo.ts";
import { listRefs } from "../../src/ostree/ref.ts";
import { type FakeLayer, gzipLayer, imageOf, plainLayer, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { paxEntry, paxRecord, rawEntry, rawHeader, rawTar } from "../fakes/raw-tar.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();
let folder: string;
let repo: Repo;

beforeAll(async () => {
  const { mkdtemp } = await import("node:fs/promises");
  folder = await mkdtemp("/tmp/igneous-hostile-");
  repo = await openRepo(context, join(folder, "repo"), { fsync: false });
  return () => execFileSync("rm", ["-rf", folder]);
});

async function importLayers(
  layers: readonly FakeLayer[],
  changes: Parameters<typeof imageOf>[1] = {},
): Promise<unknown> {
  const layout = join(folder, randomBytes(4).toString("hex"));
  await writeLayout(layout, { v1: imageOf(layers, changes) });
  return importImages(context, { references: [`oci:${layout}:v1`], repo: repo.path });
}

/** The import must fail with this code and name layer and path; and nothing of it may be there afterwards. */
async function refuses(
  layers: readonly FakeLayer[],
  path: string | undefined,
  changes?: Parameters<typeof imageOf>[1],
): Promise<void> {
  const failure: unknown = await importLayers(layers, changes).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: "image-refused" });
  const last = layers.at(-1);
  if (path !== undefined) expect((failure as Error).message).toContain(path);
  if (path !== undefined && last !== undefined)
    expect((failure as Error).message).toContain(digestOf(last.blob));
  expect(listRefs(repo, "ociimage")).toEqual([]);
}

const tar = (...entries: readonly Buffer[]): FakeLayer => gzipLayer(rawTar(...entries));
const file = (name: string, content = "x"): Buffer => rawEntry({ name }, content);
const link = (name: string, target: string): Buffer => rawEntry({ name, type: "2", link: target });
const hardlink = (name: string, target: string): Buffer => rawEntry({ name, type: "1", link: target });
const directory = (name: string): Buffer => rawEntry({ name, type: "5" });

describe("a path that leaves the root is refused:", () => {
  it.each([
    ["..", file("../evil")],
    [".. in the middle", file("a/../../evil")],
    [".. that stays inside", file("a/../evil")],
    [".. at the end", directory("a/..")],
    ["absolute with ..", file("/../evil")],
    ["in a PAX header", Buffer.concat([paxEntry([paxRecord("path", "../evil")]), file("good")])],
    [
      "in a GNU long name",
      Buffer.concat([rawEntry({ name: "././@LongLink", type: "L" }, "../evil\0"), file("good")]),
    ],
    ["in a prefix", rawEntry({ name: "evil", prefix: "../x" })],
    ["a hard link", Buffer.concat([file("a"), hardlink("evil", "../a")])],
    ["a symlink that climbs out", link("evil", "../../etc/passwd")],
    ["a symlink in a folder that climbs out", link("a/b/evil", "../../../x")],
    ["a whiteout of ..", file(".wh...")],
    ["a whiteout of .", file(".wh..")],
    ["a whiteout of nothing", file(".wh.")],
  ])("%s", async (_what, entry) => {
    await refuses([tar(entry)], "");
  });
});

describe("writing through a symlink is refused:", () => {
  it.each([
    ["a file, link in the same layer", [tar(link("a", "/etc"), file("a/evil"))]],
    ["a file, link in a lower layer", [tar(link("a", "/etc")), tar(file("a/evil"))]],
    ["a directory", [tar(link("a", "b"), directory("b")), tar(directory("a/evil"))]],
    ["deep", [tar(directory("x"), link("x/a", "/tmp")), tar(file("x/a/b/c/evil"))]],
    ["a whiteout", [tar(file("b/keep"), link("a", "b")), tar(file("a/.wh.keep"))]],
    ["an opaque whiteout", [tar(file("b/keep"), link("a", "b")), tar(file("a/.wh..wh..opq"))]],
    [
      "a hard link whose target lies behind it",
      [tar(file("b/f"), link("a", "b")), tar(hardlink("evil", "a/f"))],
    ],
    ["a hard link below it", [tar(file("f"), link("a", "/tmp")), tar(hardlink("a/evil", "f"))]],
    ["through a hard link to a symlink", [tar(link("a", "/etc"), hardlink("h", "a")), tar(file("h/evil"))]],
    ["through a file", [tar(file("a")), tar(file("a/evil"))]],
  ])("%s", async (_what, layers) => {
    await refuses(layers, "");
    expect(existsSync("/etc/evil") || existsSync("/tmp/evil")).toBe(false);
  });
});

describe("hard links are refused", () => {
  it.each([
    ["to nothing", [tar(hardlink("evil", "nothing"))]],
    ["to what comes later", [tar(hardlink("evil", "later"), file("later"))]],
    ["to a directory", [tar(directory("d"), hardlink("evil", "d"))]],
    ["to the root", [tar(hardlink("evil", "."))]],
    [
      "to what a lower layer had and this one deletes",
      [tar(file("a")), tar(file(".wh.a"), hardlink("evil", "a"))],
    ],
    ["without a target", [tar(hardlink("evil", ""))]],
  ])("%s", async (_what, layers) => {
    await refuses(layers, "evil");
  });
});

describe("an archive that is damaged is refused:", () => {
  it.each<readonly [string, Buffer]>([
    ["wrong header checksum", rawTar(rawEntry({ name: "evil", checksum: "000001\0 " }))],
    ["size that is no number", rawTar(rawHeader({ name: "evil", sizeField: "zzzzzzzzzzz\0" }))],
    ["negative size", rawTar(rawHeader({ name: "evil", sizeField: Buffer.alloc(12, 0xff) }))],
    ["size beyond the archive", rawTar(rawHeader({ name: "evil", size: 5000 }))],
    ["ends within a header", rawEntry({ name: "a" }).subarray(0, 300)],
    ["ends within a body", rawEntry({ name: "evil" }, "x".repeat(600)).subarray(0, 800)],
    ["ends after a PAX header", paxEntry([paxRecord("path", "evil")])],
    ["one zero block, then more", Buffer.concat([Buffer.alloc(512), rawTar(rawEntry({ name: "evil" }))])],
    ["PAX record too long", rawTar(paxEntry([Buffer.from("99 path=evil\n")]), rawEntry({}))],
    ["PAX record too short", rawTar(paxEntry([Buffer.from("5 path=evil\n")]), rawEntry({}))],
    ["PAX record without =", rawTar(paxEntry([Buffer.from("10 pathxx\n")]), rawEntry({}))],
    ["PAX record without newline", rawTar(paxEntry([Buffer.from("12 path=evilx")]), rawEntry({}))],
    ["PAX size that is no number", rawTar(paxEntry([paxRecord("size", "-1")]), rawEntry({}))],
    ["PAX uid beyond 32 bits", rawTar(paxEntry([paxRecord("uid", "4294967296")]), rawEntry({}))],
    ["PAX path with a zero byte", rawTar(paxEntry([paxRecord("path", "a\0b")]), rawEntry({}))],
    ["PAX size beyond the archive", rawTar(paxEntry([paxRecord("size", "999999")]), rawEntry({}, "x"))],
    ["global PAX header that renames", rawTar(paxEntry([paxRecord("path", "evil")], "g"), rawEntry({}))],
    [
      "two PAX headers",
      rawTar(paxEntry([paxRecord("path", "a")]), paxEntry([paxRecord("path", "b")]), rawEntry({})),
    ],
    ["huge PAX header", rawTar(rawHeader({ type: "x", size: 2 ** 31 }))],
    ["unknown type", rawTar(rawEntry({ name: "evil", type: "Q" }))],
    ["name that is not UTF-8", rawTar(rawEntry({ name: Buffer.from([0x65, 0xff, 0xfe]) }))],
    [
      "PAX name that is not UTF-8",
      rawTar(paxEntry([paxRecord("path", Buffer.from([0xc3, 0x28]))]), rawEntry({})),
    ],
    ["part of a name over 255 bytes", rawTar(paxEntry([paxRecord("path", "x".repeat(256))]), rawEntry({}))],
    ["root that is a file", rawTar(rawEntry({ name: "./", type: "2", link: "x" }))],
    [
      "sparse map that leaves the file",
      rawTar(
        paxEntry([paxRecord("GNU.sparse.size", "5"), paxRecord("GNU.sparse.map", "4,2")]),
        rawEntry({}, "xx"),
      ),
    ],
    [
      "sparse map that overlaps",
      rawTar(
        paxEntry([paxRecord("GNU.sparse.size", "9"), paxRecord("GNU.sparse.map", "0,1,0,1")]),
        rawEntry({}, "xx"),
      ),
    ],
    [
      "sparse map that lacks bytes",
      rawTar(
        paxEntry([paxRecord("GNU.sparse.size", "9"), paxRecord("GNU.sparse.map", "0,1")]),
        rawEntry({}, "xx"),
      ),
    ],
    ["attribute without a name space", rawTar(paxEntry([paxRecord("SCHILY.xattr.bad", "x")]), rawEntry({}))],
    ["no archive at all", Buffer.from("this is no tar archive".repeat(100))],
  ])("%s", async (_what, archive) => {
    await refuses([gzipLayer(archive)], "");
  });

  it("gzip stream cut short", async () => {
    const whole = gzipLayer(await tarOf([{ name: "a", content: "a".repeat(10_000) }]));
    await refuses([{ ...whole, blob: whole.blob.subarray(0, -20) }], "gzip");
  });

  it("gzip stream damaged", async () => {
    const whole = gzipLayer(await tarOf([{ name: "a", content: randomBytes(10_000) }]));
    const blob = Buffer.from(whole.blob);
    blob[5000] = (blob[5000] ?? 0) ^ 0xff;
    await refuses([{ ...whole, blob }], "");
  });

  it("zstd stream damaged", async () => {
    requireTool("zstd");
    const blob = Buffer.from("28b52ffd04581900004142434445464748494a4b", "hex");
    const mediaType = "application/vnd.oci.image.layer.v1.tar+zstd";
    await refuses([{ blob, mediaType, diffId: digestOf("x") }], "zstd");
  });
});

describe("an image that is not what it says is refused:", () => {
  const good = gzipLayer(rawTar(rawEntry({ name: "good" })));

  it("wrong diffId", async () => {
    await refuses([{ ...good, diffId: digestOf("other") }], "diffId");
  });

  it("more layers than diffIds", async () => {
    await refuses([good], undefined, { config: { rootfs: { type: "layers", diff_ids: [] } } });
  });

  it.each([
    ["encrypted", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"],
    ["foreign", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"],
    ["nondistributable", "application/vnd.oci.image.layer.nondistributable.v1.tar"],
    ["unknown", "application/x-whatever"],
  ])("%s layer", async (_what, mediaType) => {
    await refuses([{ ...good, mediaType }], "");
  });

  it("a config that is no image's, a manifest that is also an index, no JSON", async () => {
    const artifact = {
      mediaType: "application/vnd.cncf.helm.config.v1+json",
      digest: digestOf("x"),
      size: 1,
    };
    await refuses([good], undefined, { manifest: { config: artifact } });
    await refuses([good], undefined, { manifest: { manifests: [] } });
    await refuses([good], undefined, { manifest: { mediaType: "application/vnd.oci.image.index.v1+json" } });
    await refuses([good], undefined, { manifest: { layers: "none" } });
  });

  it("a blob that is not that of its digest", async () => {
    const layout = join(folder, "wrong-blob");
    await writeLayout(layout, { v1: imageOf([good]) });
    const { writeFile } = await import("node:fs/promises");
    await writeFile(join(layout, "blobs", "sha256", digestOf(good.blob).slice(7)), gzipSync("other"));
    const failure = importImages(context, { references: [`oci:${layout}:v1`], repo: repo.path });
    await expect(failure).rejects.toMatchObject({ code: "blob-digest-mismatch" });
    expect(listRefs(repo, "ociimage")).toEqual([]);
  });
});

describe("what grows too much is refused", () => {
  it("before it takes disk or memory, whether it is compressed or sparse", async () => {
    const { createGzip } = await import("node:zlib");
    const gzip = createGzip({ level: 1 });
    const chunks: Buffer[] = [];
    gzip.on("data", (chunk: Buffer) => chunks.push(chunk));
    gzip.write(rawHeader({ name: "bomb", size: 8 * 1024 ** 3 - 1 }));
    const zeros = Buffer.alloc(1 << 20);
    for (let mebibytes = 0; mebibytes < 1200; mebibytes++) {
      if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once("drain", resolve));
    }
    gzip.end();
    await new Promise((resolve) => gzip.once("end", resolve));
    const bomb = {
      blob: Buffer.concat(chunks),
      mediaType: gzipLayer(Buffer.alloc(0)).mediaType,
      diffId: digestOf(""),
    };
    await refuses([bomb], "bomb");

    const records = [paxRecord("GNU.sparse.size", String(2 ** 40)), paxRecord("GNU.sparse.map", "0,1")];
    await refuses([tar(paxEntry(records), rawEntry({ name: "sparse" }, "x"))], "sparse");
  });

  it("but 48 MB of zeros are not too much", async () => {
    const fresh = await temporaryFolder();
    const layer = gzipLayer(await tarOf([{ name: "zeros", content: Buffer.alloc(48_000_000) }]));
    await writeLayout(join(fresh, "layout"), { v1: imageOf([layer]) });
    const references = [`oci:${fresh}/layout:v1`];
    const imported = await importImages(context, { references, repo: join(fresh, "repo") });
    expect(imported).toHaveLength(1);
  });
});

describe("after all of that", () => {
  it("no object of what was refused is in the repo", () => {
    const found = execFileSync("find", [join(repo.path, "objects"), join(repo.path, "tmp"), "-type", "f"], {
      encoding: "utf8",
    });
    expect(
      found
        .trim()
        .split("\n")
        .filter((path) => !path.endsWith(".lock")),
    ).toEqual([]);
  });

  it("the repo is sound and imports what is good", async () => {
    await importLayers([plainLayer(rawTar(rawEntry({ name: "good" }, "content")))]);
    const fsck = execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, "fsck"], { encoding: "utf8" });
    expect(fsck).toContain("no errors");
  });
});
