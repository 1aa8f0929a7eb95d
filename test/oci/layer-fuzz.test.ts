import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import { IgneousError } from "../../src/core/errors.ts";
import { readLayer } from "../../src/oci/layer-reader.ts";
import { parseLayerPath } from "../../src/oci/layer-path.ts";
import { paxEntry, paxRecord, rawEntry, rawTar } from "../fakes/raw-tar.ts";
import { testContext } from "../tools.ts";

const limits = { floor: 1 << 20, ratio: 0 };
const sparse = [
  paxRecord("GNU.sparse.major", "1"),
  paxRecord("GNU.sparse.minor", "0"),
  paxRecord("GNU.sparse.name", "holes"),
  paxRecord("GNU.sparse.realsize", "3000"),
];
const archive = rawTar(
  rawEntry({ name: "dir/", type: "5" }),
  rawEntry({ name: "dir/file" }, "content".repeat(200)),
  paxEntry([
    paxRecord("path", `${"long/".repeat(30)}name`),
    paxRecord("size", "7"),
    paxRecord("SCHILY.xattr.user.a", Buffer.of(0, 255, 10)),
  ]),
  rawEntry({ name: "short" }, "content"),
  rawEntry({ name: "././@LongLink", type: "L" }, `${"n".repeat(150)}/${"m".repeat(150)}\0`),
  rawEntry({ name: "n" }, "named"),
  rawEntry({ name: "link", type: "2", link: "dir/file" }),
  rawEntry({ name: "hard", type: "1", link: "dir/file" }),
  rawEntry({ name: "dir/.wh.gone" }),
  paxEntry(sparse),
  rawEntry({ name: "GNUSparseFile.0/holes" }, `${"1\n1000\n5\n".padEnd(512, "\0")}bytes`),
  rawEntry({ name: "node", type: "3" }),
);

interface Change {
  readonly at: number;
  readonly kind: "set" | "cut" | "insert" | "copy";
  readonly bytes: Uint8Array;
}

const changes = fc.array(
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom("set" as const, "cut" as const, "insert" as const, "copy" as const),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc
        .constantFrom(
          "../",
          "/",
          "\0",
          "7777777",
          "99999999999",
          "-1",
          "\x80\xff",
          " ",
          "=",
          "\n",
          "5",
          "x",
          "g",
          "S",
        )
        .map((text) => Buffer.from(text, "latin1")),
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

function changed(data: Buffer, list: readonly Change[]): Buffer {
  let result = Buffer.from(data);
  for (const { at, kind, bytes } of list) {
    const start = at % (result.length + 1);
    const [before, after] = [result.subarray(0, start), result.subarray(start)];
    if (kind === "set") result = Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    else if (kind === "cut") result = Buffer.concat([before, after.subarray(bytes.length)]);
    else if (kind === "insert") result = Buffer.concat([before, bytes, after]);
    else result = Buffer.concat([before, result.subarray(0, 512 * bytes.length), after]);
  }
  return result;
}

/** Mends the sums of the headers, so that a change inside of one is not found by its sum alone. */
function mended(data: Buffer): Buffer {
  const result = Buffer.from(data);
  for (let at = 0; at + 512 <= result.length; at += 512) {
    if (result.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    result.write("        ", at + 148, "latin1");
    const sum = result.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    result.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  }
  return result;
}

/** Reads a layer to its end or its refusal; checks what it reports on the way. */
async function read(blob: Buffer, content: Buffer, mediaType: string, chunk: number): Promise<string> {
  let written = 0;
  async function* chunks(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < blob.length; at += chunk) yield blob.subarray(at, at + chunk);
  }
  const refuse = (): Error => new IgneousError("image-refused", "its name is refused");
  const layer = { mediaType, digest: digestOf(blob), size: blob.length, diffId: digestOf(content) };
  try {
    await readLayer(
      testContext(),
      layer,
      chunks(),
      {
        onEntry(entry) {
          const path = parseLayerPath(entry.path, refuse);
          if (path.kind !== "ignored") expect(path.parts).not.toContain("..");
          let left = entry.size;
          return {
            write: (bytes) => {
              left -= bytes.length;
              written += bytes.length;
            },
            end: () => expect(left).toBe(0),
          };
        },
      },
      limits,
    );
    return "read";
  } catch (error) {
    if (!(error instanceof IgneousError)) throw error;
    expect(error.exitCode).toBe(4);
    return error.code;
  } finally {
    expect(written).toBeLessThanOrEqual(limits.floor + (1 << 20));
  }
}

const plain = "application/vnd.oci.image.layer.v1.tar";
const chunkSize = fc.integer({ min: 1, max: 2000 });

describe("a layer whose bytes were changed at random", () => {
  it("is the archive that it should be when nothing was changed", async () => {
    expect(await read(archive, archive, plain, 700)).toBe("read");
    expect(await read(gzipSync(archive), archive, `${plain}+gzip`, 700)).toBe("read");
    const padded = Buffer.concat([gzipSync(archive), Buffer.alloc(5000)]);
    for (const chunk of [1, 7, 100, 1000, 100_000])
      expect(await read(padded, archive, `${plain}+gzip`, chunk)).toBe("read");
  });

  it("is read or refused, never more, in its tar headers and PAX records", async () => {
    const seen = new Set<string>();
    const property = fc.asyncProperty(changes, fc.boolean(), chunkSize, async (list, isMended, chunk) => {
      const bytes = changed(archive, list);
      const data = isMended ? mended(bytes) : bytes;
      seen.add(await read(data, data, plain, chunk));
    });
    await fc.assert(property, { numRuns: 1500 });
    // Else the changes would be too harmless, or too harsh.
    expect([...seen].sort()).toEqual(["image-refused", "read"]);
  });

  it("is read or refused, never more, in its gzip members", async () => {
    const members = Buffer.concat([
      gzipSync(archive.subarray(0, 3000)),
      gzipSync(archive.subarray(3000)),
      Buffer.alloc(20),
    ]);
    const property = fc.asyncProperty(changes, chunkSize, async (list, chunk) => {
      await read(changed(members, list), archive, `${plain}+gzip`, chunk);
    });
    await fc.assert(property, { numRuns: 400 });
  });
});
