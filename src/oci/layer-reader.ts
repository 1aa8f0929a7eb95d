import { createHash } from "node:crypto";
import { type Digest, digestFromHex, type Sha256Hex } from "../core/digest.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { decompress } from "../host/decompress.ts";
import { layerCompression } from "./media-type.ts";
import type { ResolvedLayer } from "./resolve.ts";
import { createTarReader } from "./tar-reader.ts";
import type { Refuse, TarContent, TarEntry } from "./tar-entry.ts";

export interface LayerVisitor {
  /** Called for each entry, in order. The content of a file goes to what it returns. */
  readonly onEntry: (entry: TarEntry) => TarContent | undefined;
  /** Compressed bytes read so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Somebody else holds the blob against its digest, and what was reported does not count when it differs. */
  readonly isCheckedElsewhere?: boolean;
}

export interface LayerLimits {
  /** A layer may grow to this size whatever its blob has. */
  readonly floor: number;
  /** Beyond the floor, a layer may have this many times the bytes of its blob. */
  readonly ratio: number;
}

export const defaultLimits: LayerLimits = { floor: 1024 ** 3, ratio: 200 };

/** Files are shared by many archives, so that the number of entries is bounded on its own. */
const entryLimit = 1_000_000;

/** The error for a layer that is not imported, with the layer and the path that is to blame. */
export function layerRefused(
  digest: Digest,
  path: string | undefined,
  reason: string,
  cause?: unknown,
): IgneousError {
  const where = path === undefined ? "" : `: ${JSON.stringify(path)}`;
  return new IgneousError("image-refused", `the layer ${digest} is refused${where}: ${reason}`, {
    hint: "nothing of the image was imported; get it from another place, or have it built again",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Reads a layer's blob: checks its size and digest, decompresses it, checks the diffId, and reports its entries. Nothing
 * that was reported counts until this has returned. Stops as soon as a limit is passed, without writing or keeping more.
 */
export async function readLayer(
  context: Context,
  layer: ResolvedLayer,
  blob: AsyncIterable<Uint8Array>,
  visitor: LayerVisitor,
  limits: LayerLimits = defaultLimits,
): Promise<{ readonly size: number }> {
  const kind = layerCompression(layer.mediaType);
  if ("refused" in kind) throw layerRefused(layer.digest, undefined, kind.refused);
  const limit = Math.max(limits.floor, limits.ratio * layer.size);
  const refuse: Refuse = (path, reason) => layerRefused(layer.digest, path, reason);
  const reader = createTarReader(countEntries(visitor.onEntry, limit, layer.digest), refuse);
  const diffHash = createHash("sha256");
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > limit) throw tooLarge(layer.digest, undefined, "it grows", limit);
    diffHash.update(chunk);
    reader.push(chunk);
  };
  try {
    await decompress(context, kind.compression, verified(layer, blob, visitor), take);
  } catch (error) {
    const isBare =
      error instanceof IgneousError && error.code === "image-refused" && error.message.startsWith("its ");
    throw isBare ? layerRefused(layer.digest, undefined, error.message, error) : error;
  }
  const diffId = digestFromHex(diffHash.digest("hex") as Sha256Hex);
  if (diffId !== layer.diffId) {
    throw refuse(
      undefined,
      `its content has the diffId ${diffId}, but the image's config says ${layer.diffId}`,
    );
  }
  reader.end();
  return { size };
}

function tooLarge(digest: Digest, path: string | undefined, what: string, limit: number): IgneousError {
  const { code, message } = layerRefused(digest, path, `${what} beyond ${limit} bytes`);
  const hint = `if the layer is meant to be that large, run: igneous import --layer-limit ${2 * Math.ceil(limit / 1024 ** 3)}GiB …`;
  return new IgneousError(code, message, { hint });
}

/** Passes the blob on and, at its end, checks what came. */
async function* verified(
  { digest, size }: ResolvedLayer,
  blob: AsyncIterable<Uint8Array>,
  { onProgress, isCheckedElsewhere = false }: LayerVisitor,
): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  let seen = 0;
  for await (const chunk of blob) {
    seen += chunk.length;
    if (seen > size)
      throw new IgneousError(
        "blob-too-large",
        `the blob ${digest} is larger than the ${size} bytes of its descriptor`,
      );
    if (!isCheckedElsewhere) hash.update(chunk);
    onProgress?.(seen);
    yield chunk;
  }
  if (isCheckedElsewhere && seen === size) return;
  const actual = digestFromHex(hash.digest("hex") as Sha256Hex);
  if (actual === digest) return;
  const why =
    seen === size ? `has the digest ${actual}` : `has ${seen} bytes where its descriptor says ${size}`;
  throw new IgneousError("blob-digest-mismatch", `the blob ${digest} ${why}`);
}

/** Sparse files take no room in the archive, so that what they would grow to is counted here. */
function countEntries(
  onEntry: LayerVisitor["onEntry"],
  limit: number,
  digest: Digest,
): LayerVisitor["onEntry"] {
  let entries = 0;
  let content = 0;
  return (entry) => {
    entries++;
    content += entry.size;
    if (entries > entryLimit)
      throw layerRefused(digest, entry.path, `the layer has more than ${entryLimit} entries`);
    if (content > limit) throw tooLarge(digest, entry.path, "the layer's files grow", limit);
    return onEntry(entry);
  };
}
