import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { IgneousError, systemErrorCode } from "../core/errors.ts";

/** The bytes of a file, or undefined when there is none. More than `limit` bytes are `blob-too-large`, unread. */
export async function readLimited(path: string, limit: number): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > limit)
      throw new IgneousError("blob-too-large", `${path} has ${size} bytes; the limit is ${limit}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The bytes of a file from `offset`, in large chunks. */
export function readStream(path: string, offset = 0): AsyncIterable<Uint8Array> {
  return createReadStream(path, { start: offset, highWaterMark: 1 << 20 });
}
