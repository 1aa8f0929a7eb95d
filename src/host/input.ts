import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { IgneousError, systemErrorCode } from "../core/errors.ts";

/** All bytes of a file, or of standard input when no file is named. */
export async function readInput(cwd: string, file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined) return readFile(resolve(cwd, file));
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Like {@link readInput}; what is not there, or is a folder, is `file-not-found`. */
export async function readNamedInput(cwd: string, file: string | undefined): Promise<Uint8Array> {
  try {
    return await readInput(cwd, file);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") throw error;
    const what = code === "EISDIR" ? `${file} is a folder, not a file` : `there is no file ${file}`;
    throw new IgneousError("file-not-found", what, {
      hint: `name a file by its path from ${cwd}, or - for standard input`,
    });
  }
}

/** Writes a file that may be a device or a link, in place. */
export async function writeOutput(cwd: string, file: string, contents: string): Promise<void> {
  await writeFile(resolve(cwd, file), contents, { mode: 0o644 });
}
