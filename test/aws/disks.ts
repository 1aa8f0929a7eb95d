import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { blockSize } from "../../src/aws/block-map.ts";

/** A block's content from a word: equal words, equal blocks; `0` is a block of zeros. */
export function block(word: string): Buffer {
  if (word === "0") return Buffer.alloc(blockSize);
  const seed = createHash("sha512").update(word).digest();
  return Buffer.alloc(blockSize, seed);
}

/** Writes a disk of the blocks that the words name, cut to `size` bytes when given. */
export async function writeDisk(path: string, words: string, size?: number): Promise<TestDisk> {
  const bytes = Buffer.concat(words.split(" ").map(block));
  const cut = bytes.subarray(0, size ?? bytes.length);
  await writeFile(path, cut);
  return { path, bytes: cut, size: cut.length, sha256: createHash("sha256").update(cut).digest("hex") };
}

export interface TestDisk {
  readonly path: string;
  readonly bytes: Buffer;
  readonly size: number;
  readonly sha256: string;
}
