import { randomBytes } from "node:crypto";
import { copyFile, lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.ts";
import { diskFull } from "./files.ts";

/** Names of the entries of a folder, sorted; none when there is no such folder. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}

/** Paths of all files (and links) below a folder, relative to it, sorted. */
export async function listTree(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

export async function ensureFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskFull(error, folder);
  }
}

/** Makes an empty folder with a name of its own below `parent`. */
export async function makeFolder(parent: string, prefix: string): Promise<string> {
  const folder = join(parent, `${prefix}${randomBytes(6).toString("hex")}`);
  await ensureFolder(folder);
  return folder;
}

/**
 * Bytes that the files below a folder take on the disk, without the holes in them, and when the newest was written. What is
 * gone meanwhile, or lies where only another user looks, does not count.
 */
export async function measureTree(
  folder: string,
): Promise<{ readonly bytes: number; readonly changedMs: number }> {
  let bytes = 0;
  let changedMs = 0;
  const add = async (path: string): Promise<void> => {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return;
    bytes += found.blocks * 512;
    changedMs = Math.max(changedMs, found.mtimeMs);
    if (!found.isDirectory()) return;
    for (const name of await readdir(path).catch(() => [])) await add(join(path, name));
  };
  await add(folder);
  return { bytes, changedMs };
}

export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Removes a folder that has nothing in it; any other stays. */
export async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

export async function movePath(from: string, to: string): Promise<void> {
  await rename(from, to);
}

export async function copyTo(from: string, to: string): Promise<void> {
  await copyFile(from, to);
}
