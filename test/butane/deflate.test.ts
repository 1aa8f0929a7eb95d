import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { array, assert, constantFrom, property, tuple, nat, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { goGzip } from "../../src/butane/deflate.ts";
import { readGolden } from "./golden.ts";

type Step = readonly [kind: string, count: number, parameter: number];

function pseudoRandom(count: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = Number((BigInt(state) * 1_103_515_245n + 12_345n) & 0x7fff_ffffn);
    return (state >> 16) & 0xff;
  });
}

function build(recipe: readonly Step[]): Uint8Array {
  let out: Uint8Array = new Uint8Array();
  for (const [kind, count, parameter] of recipe) {
    const last = out.slice(Math.max(0, out.length - parameter));
    const parts: readonly Uint8Array[] =
      kind === "repeat"
        ? Array.from({ length: count }, () => last)
        : [
            pseudoRandom(count, parameter).map((value) =>
              kind === "text" ? 32 + (value % 64) : kind === "few" ? 97 + (value % 3) : value,
            ),
          ];
    out = Buffer.concat([out, ...parts]);
  }
  return out;
}

interface Golden {
  readonly recipe: readonly Step[];
  readonly size: number;
  readonly packed: number;
  readonly sha256: string;
}

describe("goGzip", () => {
  it("writes the stream of Go's compressor, bit for bit", () => {
    for (const { recipe, size, packed, sha256 } of readGolden<Golden>("gzip.jsonl")) {
      const bytes = build(recipe);
      const stream = goGzip(bytes);
      expect([bytes.length, stream.length]).toEqual([size, packed]);
      expect(createHash("sha256").update(stream).digest("hex")).toBe(sha256);
    }
  });

  it("writes what gunzip reads", () => {
    const piece = tuple(uint8Array({ maxLength: 300 }), nat({ max: 40 }), constantFrom(0, 97, 255));
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Buffer.concat(
          pieces.flatMap(([part, times, filler]) => [
            ...Array.from({ length: times }, () => part),
            Buffer.alloc(times * 9, filler),
          ]),
        );
        expect(gunzipSync(goGzip(bytes)).equals(bytes)).toBe(true);
      }),
    );
  });
});
