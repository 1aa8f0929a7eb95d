import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import { readLayer } from "../../src/oci/layer-reader.ts";
import { createTarReader } from "../../src/oci/tar-reader.ts";
import type { TarEntry } from "../../src/oci/tar-entry.ts";
import { noise, tarOf } from "../fakes/oci-image.ts";
import { paxEntry, paxRecord, rawEntry, rawHeader, rawTar } from "../fakes/raw-tar.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

type Read = TarEntry & { readonly sha256: string };

/** Reads an archive that arrives in chunks of this size. */
function readTar(archive: Uint8Array, chunkSize = 1 << 20): readonly Read[] {
  const found: Read[] = [];
  const reader = createTarReader(
    (entry) => {
      const hash = createHash("sha256");
      if (entry.kind !== "file") found.push({ ...entry, sha256: "" });
      let size = 0;
      return {
        write(chunk) {
          size += chunk.length;
          hash.update(chunk);
        },
        end() {
          if (entry.kind !== "file") return;
          expect(size).toBe(entry.size);
          found.push({ ...entry, sha256: hash.digest("hex") });
        },
      };
    },
    (path, reason) => new Error(`${path}: ${reason}`),
  );
  for (let at = 0; at < archive.length; at += chunkSize)
    reader.push(Buffer.from(archive.subarray(at, at + chunkSize)));
  reader.end();
  return found;
}

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Python's tarfile writes the archive, in the given format. */
const pythonScript = `
import io, sys, tarfile
formats = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
kind = sys.argv[1]
with tarfile.open(sys.argv[2], "w", format=formats[kind]) as tar:
    def add(name, type=tarfile.REGTYPE, data=b"", link="", mode=0o644, uid=0, gid=0, pax=None):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname, info.mode, info.uid, info.gid = type, len(data), link, mode, uid, gid
        if pax: info.pax_headers = pax
        tar.addfile(info, io.BytesIO(data))
    add("dir", tarfile.DIRTYPE, mode=0o1755)
    add("dir/setuid", data=b"s" * 700, mode=0o4755, uid=1000, gid=100)
    add("a" * 90 + "/" + "b" * 60, data=b"prefix")
    add("link", tarfile.SYMTYPE, link="dir/setuid")
    add("hard", tarfile.LNKTYPE, link="dir/setuid")
    add("null", tarfile.CHRTYPE)
    add("fifo", tarfile.FIFOTYPE)
    if kind != "ustar":
        add("long/" + "n" * 200, data=b"long name")
        add("longlink", tarfile.SYMTYPE, link="t" * 300)
        add("big-owner", uid=4000000000, gid=3000000000, data=b"o")
    if kind == "pax":
        add("ünï", data=b"u", pax={"SCHILY.xattr.user.k": "v=1\\nx", "mtime": "1.5"})
`;

describe("the tar reader", () => {
  it.each(["ustar", "gnu", "pax"])("reads what Python's tarfile writes as %s", async (format) => {
    const path = join(await temporaryFolder(), "t.tar");
    execFileSync(requireTool("python3"), ["-c", pythonScript, format, path]);
    const entries = readTar(readFileSync(path));
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    expect(byPath.get("dir") ?? byPath.get("dir/")).toMatchObject({ kind: "directory", mode: 0o1755 });
    expect(byPath.get("dir/setuid")).toMatchObject({
      kind: "file",
      mode: 0o4755,
      uid: 1000,
      gid: 100,
      sha256: sha256(Buffer.alloc(700, "s")),
    });
    expect(byPath.get(`${"a".repeat(90)}/${"b".repeat(60)}`)).toMatchObject({
      sha256: sha256(Buffer.from("prefix")),
    });
    expect(byPath.get("link")).toMatchObject({ kind: "symlink", linkTarget: "dir/setuid" });
    expect(byPath.get("hard")).toMatchObject({ kind: "hardlink", linkTarget: "dir/setuid" });
    expect(byPath.get("null")).toMatchObject({ kind: "device" });
    expect(byPath.get("fifo")).toMatchObject({ kind: "device" });
    if (format !== "ustar") {
      expect(byPath.get(`long/${"n".repeat(200)}`)).toMatchObject({
        sha256: sha256(Buffer.from("long name")),
      });
      expect(byPath.get("longlink")).toMatchObject({ linkTarget: "t".repeat(300) });
      expect(byPath.get("big-owner")).toMatchObject({ uid: 4_000_000_000, gid: 3_000_000_000 });
    }
    if (format === "pax") {
      const xattrs = byPath
        .get("ünï")
        ?.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString()]);
      expect(xattrs).toEqual([["user.k", "v=1\nx"]]);
    }
  });

  it.each([
    ["old GNU", ["--format=gnu"]],
    ["PAX 0.0", ["--format=pax", "--sparse-version=0.0"]],
    ["PAX 0.1", ["--format=pax", "--sparse-version=0.1"]],
    ["PAX 1.0", ["--format=pax", "--sparse-version=1.0"]],
  ])("fills the holes of sparse files (%s)", async (_name, options) => {
    const folder = await temporaryFolder();
    const script = `
import sys
with open(sys.argv[1], "wb") as f:
    f.truncate(9000000)
    for i in range(40):
        f.seek(i * 200000 + 4096); f.write(b"data%d" % i)
    f.truncate(9000000)
with open(sys.argv[2], "wb") as f:
    f.truncate(5000000)
`;
    execFileSync(requireTool("python3"), ["-c", script, join(folder, "sparse"), join(folder, "empty")]);
    writeFileSync(join(folder, "after"), "after");
    const archive = execFileSync(requireTool("tar"), [
      "-S",
      ...options,
      "-cf",
      "-",
      "-C",
      folder,
      "sparse",
      "empty",
      "after",
    ]);
    expect(archive.length).toBeLessThan(2_000_000);
    for (const chunkSize of [1 << 20, 1000]) {
      const entries = readTar(archive, chunkSize);
      const digests = Object.fromEntries(entries.map((entry) => [entry.path, entry.sha256]));
      expect(digests).toEqual({
        sparse: sha256(readFileSync(join(folder, "sparse"))),
        empty: sha256(readFileSync(join(folder, "empty"))),
        after: sha256(Buffer.from("after")),
      });
    }
  });

  it("gives the same entries however the bytes arrive", async () => {
    const archive = await tarOf([
      { name: "a", content: noise(3000, "a") },
      { name: `${"x".repeat(150)}/${"y".repeat(120)}`, content: "long" },
      { name: "empty" },
    ]);
    const whole = readTar(archive);
    for (const chunkSize of [1, 7, 511, 512, 513]) expect(readTar(archive, chunkSize)).toEqual(whole);
  });

  it("reads sizes in base 256, and sizes that only PAX gives", () => {
    const field = Buffer.alloc(12);
    field[0] = 0x80;
    field[11] = 5;
    const archive = rawTar(
      Buffer.concat([
        rawHeader({ name: "base256", sizeField: field }),
        Buffer.from("12345"),
        Buffer.alloc(507),
      ]),
      paxEntry([paxRecord("size", "3")]),
      Buffer.concat([rawHeader({ name: "pax", size: 0 }), Buffer.from("abc"), Buffer.alloc(509)]),
    );
    expect(readTar(archive).map(({ path, size }) => [path, size])).toEqual([
      ["base256", 5],
      ["pax", 3],
    ]);
  });

  it("takes old archives: no magic, signed checksums, a slash for a directory, git's comment", () => {
    const comment = paxEntry([paxRecord("comment", "0123")], "g");
    const archive = rawTar(comment, rawEntry({ name: "old/", magic: "\0\0\0\0\0\0\0\0", type: "\0" }));
    expect(readTar(archive)).toMatchObject([{ path: "old/", kind: "directory" }]);
  });

  it("takes an archive that ends with the last byte of a file, as umoci writes it, and none that ends before", async () => {
    const folder = await temporaryFolder();
    const image = join(folder, "image");
    const umoci = (...words: readonly string[]): void => {
      execFileSync(requireTool("umoci"), words, { stdio: "ignore" });
    };
    writeFileSync(join(folder, "file"), noise(700, "umoci"));
    umoci("init", "--layout", image);
    umoci("new", "--image", `${image}:a`);
    umoci("insert", "--image", `${image}:a`, join(folder, "file"), "/file");
    const blobs = readdirSync(join(image, "blobs/sha256")).map((name) =>
      readFileSync(join(image, "blobs/sha256", name)),
    );
    const layer = gunzipSync(blobs.find((blob) => blob[0] === 0x1f) ?? Buffer.alloc(0));
    expect(layer.length % 512).not.toBe(0);
    const read = readTar(layer).map(({ path, sha256: sum }) => [path, sum]);
    expect(read).toEqual([["file", sha256(noise(700, "umoci"))]]);
    expect(() => readTar(layer.subarray(0, -1))).toThrow("in the middle");
  });

  it("takes an archive without the two empty blocks at its end, and anything after them", () => {
    expect(readTar(rawEntry({ name: "a" }, "a"))).toHaveLength(1);
    expect(readTar(Buffer.concat([rawTar(rawEntry({ name: "a" })), Buffer.from("junk")]))).toHaveLength(1);
  });
});

describe("readLayer", () => {
  const gzipType = "application/vnd.oci.image.layer.v1.tar+gzip";

  async function count(blob: Uint8Array, mediaType: string, tar: Uint8Array): Promise<number> {
    let entries = 0;
    const visitor = {
      onEntry: () => {
        entries++;
        return undefined;
      },
    };
    const layer = { mediaType, digest: digestOf(blob), size: blob.length, diffId: digestOf(tar) };
    await readLayer(testContext(), layer, chunked(blob), visitor);
    return entries;
  }

  async function* chunked(blob: Uint8Array): AsyncIterable<Uint8Array> {
    for (let at = 0; at < blob.length; at += 10_000) yield blob.subarray(at, at + 10_000);
  }

  it("reads gzip in several members, with zeros after it", async () => {
    const tar = await tarOf([{ name: "a", content: noise(50_000, "a") }, { name: "b" }]);
    const members = [tar.subarray(0, 20_000), tar.subarray(20_000)].map((part) => gzipSync(part));
    expect(await count(Buffer.concat(members), gzipType, tar)).toBe(2);
    expect(await count(Buffer.concat([...members, Buffer.alloc(1000)]), gzipType, tar)).toBe(2);
  });

  it("reads zstd, also in several frames", async () => {
    const tar = await tarOf([{ name: "a", content: noise(50_000, "a") }, { name: "b" }]);
    const squeeze = (part: Uint8Array): Buffer =>
      execFileSync(requireTool("zstd"), ["-q", "-c"], { input: part });
    const mediaType = "application/vnd.oci.image.layer.v1.tar+zstd";
    expect(await count(squeeze(tar), mediaType, tar)).toBe(2);
    const frames = Buffer.concat([squeeze(tar.subarray(0, 30_000)), squeeze(tar.subarray(30_000))]);
    expect(await count(frames, mediaType, tar)).toBe(2);
  });

  it("refuses bytes that are not of the compression that the media type names", async () => {
    const tar = await tarOf([{ name: "a" }]);
    await expect(count(deflateRawSync(tar), gzipType, tar)).rejects.toMatchObject({ code: "image-refused" });
    await expect(count(tar, gzipType, tar)).rejects.toMatchObject({ code: "image-refused" });
  });
});
