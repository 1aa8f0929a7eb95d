import { open } from "node:fs/promises";
import type { Context } from "../core/context.ts";

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

const chunkBytes = 4 * 2 ** 20;

/** The blocks in which two files of one size differ, neighbours joined, in order; at most `limit` of them. */
export async function differingBlocks(
  context: Context,
  first: string,
  second: string,
  blockBytes: number,
  limit: number,
): Promise<readonly ByteRange[]> {
  const files = await Promise.all([open(first, "r"), open(second, "r")]);
  const buffers = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)] as const;
  const found: ByteRange[] = [];
  try {
    for (let position = 0; ; position += chunkBytes) {
      context.signal.throwIfAborted();
      const [a, b] = await Promise.all(
        buffers.map(async (buffer, index) => {
          const read = await files[index]?.read(buffer, 0, chunkBytes, position);
          return buffer.subarray(0, read?.bytesRead ?? 0);
        }),
      );
      if (a === undefined || b === undefined || (a.length === 0 && b.length === 0)) return found;
      if (a.equals(b)) continue;
      for (let at = 0; at < Math.max(a.length, b.length); at += blockBytes) {
        if (a.subarray(at, at + blockBytes).equals(b.subarray(at, at + blockBytes))) continue;
        const last = found.at(-1);
        if (last !== undefined && last.offset + last.length === position + at)
          found[found.length - 1] = { ...last, length: last.length + blockBytes };
        else if (found.length < limit) found.push({ offset: position + at, length: blockBytes });
        else return found;
      }
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
