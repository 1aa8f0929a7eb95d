import type { Context } from "../core/context.ts";
import { type Digest, digestFromHex, isSha256Hex } from "../core/digest.ts";
import { type FileFacts, listFiles } from "../host/file-facts.ts";
import { removeFile } from "../host/object-files.ts";
import { blobFolder, partialFolder } from "./blob-cache.ts";

export interface CachedBlob {
  readonly digest: Digest;
  /** Bytes on this machine; fewer than the blob has when it is partial. */
  readonly size: number;
  readonly isPartial: boolean;
  /** When it was last written, as ISO 8601. */
  readonly time: string;
}

/** The blobs that the cache holds, complete ones and beginnings. */
export async function listCache(context: Context): Promise<readonly CachedBlob[]> {
  const describe =
    (isPartial: boolean) =>
    ({ name, size, modified }: FileFacts): readonly CachedBlob[] =>
      isSha256Hex(name)
        ? [{ digest: digestFromHex(name), size, isPartial, time: modified.toISOString() }]
        : [];
  const whole = (await listFiles(blobFolder(context))).flatMap(describe(false));
  const partial = (await listFiles(partialFolder(context))).flatMap(describe(true));
  return [...whole, ...partial];
}

/** Removes blobs that were last written before `before`, and what crashed downloads left beside them. */
export async function pruneCache(context: Context, before: Date): Promise<readonly CachedBlob[]> {
  const removed: CachedBlob[] = [];
  for (const blob of await listCache(context)) {
    if (new Date(blob.time) >= before) continue;
    const folder = blob.isPartial ? partialFolder(context) : blobFolder(context);
    removeFile(`${folder}/${blob.digest.slice("sha256:".length)}`);
    removed.push(blob);
  }
  for (const folder of [blobFolder(context), partialFolder(context)]) {
    for (const { name, modified } of await listFiles(folder)) {
      if (!isSha256Hex(name) && modified < before) removeFile(`${folder}/${name}`);
    }
  }
  return removed;
}
