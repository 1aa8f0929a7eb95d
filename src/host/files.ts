import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Sha256Hex } from "../core/digest.ts";
import { IgneousError, systemErrorCode } from "../core/errors.ts";

/** Reads a text file of at most `limit` bytes. A missing file is `file-not-found`, a larger one `input-invalid`. */
export async function readText(path: string, limit = 16 * 1024 * 1024): Promise<string> {
  const size = await sizeOf(path);
  if (size === undefined) throw new IgneousError("file-not-found", `no file at ${path}`);
  if (size > limit)
    throw new IgneousError("input-invalid", `${path} has ${size} bytes; the limit is ${limit}`);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) !== "EISDIR") throw error;
    throw new IgneousError("file-not-found", `${path} is a folder, not a file`);
  }
}

/** Like {@link readText}, but undefined when there is no such file. */
export async function findText(path: string, limit?: number): Promise<string | undefined> {
  return (await sizeOf(path)) === undefined ? undefined : readText(path, limit);
}

/** The size of a file in bytes, or undefined when there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Size and time of the last change of a file, or undefined when there is none. */
export async function statFile(
  path: string,
): Promise<{ readonly size: number; readonly mtimeMs: number } | undefined> {
  if ((await sizeOf(path)) === undefined) return undefined;
  const { size, mtimeMs } = await stat(path);
  return { size, mtimeMs };
}

/** Writes a file whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder. */
export async function writeAtomic(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await writeThenRename(path, data, { mode, isDurable: true });
}

/** Like {@link writeAtomic}, with the temporary file in another folder of the same file system, whose names nobody lists. */
export async function writeAtomicBy(temporaryFolder: string, path: string, data: string): Promise<void> {
  await writeThenRename(path, data, { mode: 0o644, isDurable: true, temporaryFolder });
}

/** Like {@link writeAtomic} without the fsyncs: for what is checked when it is read and can be made again. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  await writeThenRename(path, data, { mode: 0o644, isDurable: false });
}

interface WriteOptions {
  readonly mode: number;
  readonly isDurable: boolean;
  readonly temporaryFolder?: string;
}

async function writeThenRename(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const { mode, isDurable, temporaryFolder = dirname(path) } = options;
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(temporaryFolder, `.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      if (isDurable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (isDurable) await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskFull(error, path);
  }
}

/** Makes a rename in this folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The sha256 of a file, streamed. */
export async function sha256File(path: string): Promise<Sha256Hex> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex") as Sha256Hex;
}

/** Turns ENOSPC into `disk-full`, with the path; any other error stays as it is. */
export function diskFull(error: unknown, path: string): unknown {
  if (systemErrorCode(error) !== "ENOSPC" && systemErrorCode(error) !== "EDQUOT") return error;
  return new IgneousError("disk-full", `no room left while writing ${path}`, {
    hint: `free some room on the file system of ${dirname(path)} and run the same command again`,
    cause: error,
  });
}
