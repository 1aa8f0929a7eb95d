import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { type Digest, digestHex, digestOf, isDigest } from "../core/digest.ts";
import { writeWhole } from "../host/files.ts";
import { removeFile } from "../host/object-files.ts";
import { readLimited } from "../host/read-file.ts";
import { blobFolder, blobPath } from "./blob-cache.ts";
import { type BlobServer, type ImageSource, manifestLimit } from "./image-source.ts";
import { pullBlob } from "./pull.ts";
import { withRetries } from "./retry.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Makes a source of a server: tries again what may pass, and keeps manifests and blobs in the cache by their digests. */
export function cachedSource(context: Context, policy: RetryPolicy, server: BlobServer): ImageSource {
  const manifestPath = (digest: Digest): string => join(blobFolder(context), digestHex(digest));
  return {
    name: server.name,
    async getManifest(tagOrDigest) {
      if (tagOrDigest !== undefined && isDigest(tagOrDigest)) {
        const bytes = await readLimited(manifestPath(tagOrDigest), manifestLimit);
        if (bytes !== undefined && digestOf(bytes) === tagOrDigest)
          return { bytes, digest: tagOrDigest, mediaType: undefined };
      }
      const what = `the manifest ${tagOrDigest ?? "latest"} of ${server.name}`;
      const raw = await withRetries(context, policy, what, () => server.getManifest(tagOrDigest));
      await writeWhole(manifestPath(raw.digest), raw.bytes);
      return raw;
    },
    forgetBlob: async ({ digest }) => removeFile(blobPath(context, digest)),
    fetchBlob: (blob, onProgress) => pullBlob(context, policy, server, blob, onProgress),
  };
}
