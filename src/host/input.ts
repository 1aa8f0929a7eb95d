import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";

/** All bytes of a file, or of standard input when no file is named. */
export async function readInput(cwd: string, file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined) return readFile(resolve(cwd, file));
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Writes a file that may be a device or a link, in place. */
export async function writeOutput(cwd: string, file: string, contents: string): Promise<void> {
  await writeFile(resolve(cwd, file), contents, { mode: 0o644 });
}
