import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.ts";

export interface FileFacts {
  readonly name: string;
  readonly size: number;
  readonly modified: Date;
}

/** The regular files of a folder, by name; none when there is no such folder. */
export async function listFiles(folder: string): Promise<readonly FileFacts[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
  const facts: FileFacts[] = [];
  for (const name of names.sort()) {
    const found = await lstat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() === true) facts.push({ name, size: found.size, modified: found.mtime });
  }
  return facts;
}
