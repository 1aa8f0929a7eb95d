import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { IgneousError, systemErrorCode } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";

/** Work that is known to fill a file system. */
interface Demand {
  /** Where it writes; need not be there yet. */
  readonly folder: string;
  /** About what it writes, at its fullest. */
  readonly bytes: number;
  /** What it is, as in "… needs about 2 GB". */
  readonly what: string;
}

/**
 * Does work that needs room in one or more folders. Refuses at once when there is not enough, and when there was at first but
 * the room ran out on the way says, too, how much the work needs.
 */
export async function withRoom<T>(demands: readonly Demand[], body: () => Promise<T>): Promise<T> {
  const needs: string[] = [];
  for (const { folder, bytes, what } of demands) {
    const free = await freeBytes(folder);
    const need = `${what} needs about ${formatBytes(bytes)} in ${folder}`;
    if (free < bytes) {
      throw new IgneousError("disk-full", `${need}; ${formatBytes(free)} are free`, {
        hint: `free ${formatBytes(bytes - free)} there and run the same command again`,
      });
    }
    needs.push(`${need}; ${formatBytes(free)} were free when it began`);
  }
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof IgneousError) || error.code !== "disk-full") throw error;
    throw new IgneousError("disk-full", [error.message, ...needs].join("\n"), {
      hint: error.hint ?? "free some room there and run the same command again",
      cause: error,
    });
  }
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    return freeBytes(dirname(folder));
  }
}
