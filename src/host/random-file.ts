import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { IgneousError, systemErrorCode } from "../core/errors.ts";
import { diskFull } from "./files.ts";

/** A file open for reading anywhere. */
export interface RandomFile {
  readonly size: number;
  /** Time of the last change, in nanoseconds. */
  readonly changedAt: bigint;
  /** Fills `into` from `position` and returns how many bytes there were; less than asked only at the end of the file. */
  readonly readAt: (position: number, into: Uint8Array) => Promise<number>;
}

/** Opens a file, hands it to `body` and closes it. A missing file is `file-not-found`. */
export async function withRandomFile<T>(path: string, body: (file: RandomFile) => Promise<T>): Promise<T> {
  const handle = await openExisting(path);
  try {
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    return await body({
      size: Number(size),
      changedAt: mtimeNs,
      readAt: (position, into) => readFully(handle, position, into),
    });
  } finally {
    await handle.close();
  }
}

/** The bytes of a file, or undefined when there is none. */
export async function findBytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Opens a file that only grows, makes it when there is none, and closes it after `body`. */
export async function withAppender<T>(
  path: string,
  body: (append: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a", 0o644);
  try {
    return await body(async (bytes) => {
      await handle.appendFile(bytes).catch((error: unknown) => {
        throw diskFull(error, path);
      });
    });
  } finally {
    await handle.close();
  }
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw new IgneousError("file-not-found", `no file at ${path}`);
  }
}

async function readFully(handle: FileHandle, position: number, into: Uint8Array): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
