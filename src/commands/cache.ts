import type { Context } from "../core/context.ts";
import { type CachedBlob, listCache, pruneCache } from "../oci/cache-content.ts";

export interface CacheResult {
  readonly folder: string;
  readonly blobs: readonly CachedBlob[];
  readonly bytes: number;
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
