import type { Context } from "../core/context.ts";
import { sizeOf } from "../host/files.ts";
import { readStream } from "../host/read-file.ts";
import { blobPath } from "./blob-cache.ts";
import type { BlobDescriptor, ImageSource } from "./image-source.ts";

/** The bytes of a blob from this machine when it is here, else from the source. The reader checks them. */
export async function openVerifiedBlob(
  context: Context,
  source: ImageSource,
  blob: BlobDescriptor,
): Promise<AsyncIterable<Uint8Array>> {
  const local = await source.findLocalBlob?.(blob);
  if (local !== undefined) return readStream(local);
  const cached = blobPath(context, blob.digest);
  if ((await sizeOf(cached)) === blob.size) return readStream(cached);
  return (await source.openBlob(blob, 0)).chunks;
}
