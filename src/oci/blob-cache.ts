import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { type Digest, digestHex } from "../core/digest.ts";

/** Where the cache of all specs of this user keeps a blob. What lies there was verified when it was put there. */
export function blobPath(context: Context, digest: Digest): string {
  return join(blobFolder(context), digestHex(digest));
}

export function blobFolder(context: Context): string {
  return join(context.cacheDir, "blobs", "sha256");
}

/** Downloads that are not complete, to be continued. */
export function partialPath(context: Context, digest: Digest): string {
  return join(partialFolder(context), digestHex(digest));
}

export function partialFolder(context: Context): string {
  return join(context.cacheDir, "blobs", "partial");
}
