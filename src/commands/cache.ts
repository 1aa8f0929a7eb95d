import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { measureTree } from "../host/folders.ts";
import { isFolder } from "../host/object-files.ts";
import { type CachedBlob, listCache, pruneCache } from "../oci/cache-content.ts";

export interface CacheResult {
  readonly folder: string;
  readonly blobs: readonly CachedBlob[];
  /** Of the blobs. */
  readonly bytes: number;
}

/** A part of the cache besides the blobs. */
export interface CachePart {
  readonly name: string;
  readonly what: string;
  readonly bytes: number;
}

const parts = {
  apt: "indexes of Debian's archives; fetched again when they are gone",
  compose: "left by a base that is composed, or was killed",
  debs: "Debian packages of all locks; the archive may have moved past old ones",
  tools: "programs of the locks, unpacked from their packages; made again when they are gone",
} as const;

/** What else lies in the cache of this user, which `--prune` leaves alone. */
export async function showCacheParts({ cacheDir }: Context): Promise<readonly CachePart[]> {
  const found = await Promise.all(
    Object.entries(parts).map(async ([name, what]) => {
      const folder = join(cacheDir, name);
      if (!isFolder(folder)) return [];
      return [{ name, what, bytes: (await measureTree(folder)).bytes }];
    }),
  );
  return found.flat();
}

/** What the blob cache of this user holds. */
export async function showCache(context: Context): Promise<CacheResult> {
  return resultOf(context, await listCache(context));
}

export interface PruneOptions {
  /** Keeps what was written in the last so many days; 0 removes everything. */
  readonly keepDays: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Removes old blobs; the result is what was removed. The next pull fetches what it needs again. */
export async function pruneBlobs(context: Context, { keepDays, now }: PruneOptions): Promise<CacheResult> {
  const day = 24 * 60 * 60 * 1000;
  return resultOf(context, await pruneCache(context, new Date(now - keepDays * day)));
}

function resultOf(context: Context, blobs: readonly CachedBlob[]): CacheResult {
  return { folder: context.cacheDir, blobs, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
}
