import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { withRoom } from "../host/room.ts";
import type { ImageSource } from "../oci/image-source.ts";
import { layerRefused, type LayerLimits } from "../oci/layer-reader.ts";
import type { ResolvedImage } from "../oci/resolve.ts";
import { applyLayer, CompositionError, emptyTree, type ImageDirectory } from "./compose.ts";
import { publishImage, publishLayers } from "./image-publish.ts";
import { imageRef, layerRef } from "./image-ref.ts";
import { findImported, type ImportedImage } from "./imported-image.ts";
import { type LayerToRead, readLayers } from "./layer-import.ts";
import { findLayerIndex, type LayerIndex } from "./layer-index.ts";
import { findRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import { type Transaction, withTransaction } from "./transaction.ts";

export interface ImportRequest {
  readonly image: ResolvedImage;
  readonly source: ImageSource;
  /** Name of the ref below `ociimage/image/`; the reference when not given. */
  readonly name?: string;
}

export interface ImportOptions {
  readonly limits?: LayerLimits;
  /** Compressed bytes, of those that have to be fetched and read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Imports one image; see {@link importAll}. */
export async function importImage(
  context: Context,
  repo: Repo,
  image: ResolvedImage,
  options: Omit<ImportRequest, "image"> & ImportOptions,
): Promise<ImportedImage> {
  const [imported] = await importAll(context, repo, [{ ...options, image }], options);
  if (imported === undefined) throw new Error("one image in, one image out");
  return imported;
}

/**
 * Imports images: each layer on `ociimage/layer/<sha256>`, each composed tree on `ociimage/image/<name>`. The commits
 * depend on the image alone. Refs appear when every image is complete; layers that the repo has are not read again.
 */
export async function importAll(
  context: Context,
  repo: Repo,
  requests: readonly ImportRequest[],
  options: ImportOptions = {},
): Promise<readonly ImportedImage[]> {
  const refOf = ({ image, name }: ImportRequest): string => imageRef(name ?? image.reference);
  const find = (request: ImportRequest) => findImported(repo, refOf(request), request.image);
  const known = await Promise.all(requests.map(find));
  const pending = requests.filter((_, index) => known[index] === undefined);
  if (pending.length === 0) return known.flatMap((image) => image ?? []);
  return withTransaction(context, repo, async (transaction) => {
    const indexes = await layerIndexes(context, repo, transaction, pending, options);
    const imported: ImportedImage[] = [];
    for (const [position, request] of requests.entries()) {
      const { image } = request;
      const there = known[position];
      if (there !== undefined) {
        imported.push(there);
        continue;
      }
      const layers = layersOf(image, indexes);
      const tree = compose(layers);
      const layerCommits = await publishLayers(repo, transaction, layers);
      imported.push(publishImage(transaction, refOf(request), image, { tree, layers, layerCommits }));
    }
    return imported;
  });
}

type Indexes = ReadonlyMap<Digest, LayerIndex>;

/** The entries of every layer of these images; those that the repo lacks are read now. */
async function layerIndexes(
  context: Context,
  repo: Repo,
  transaction: Transaction,
  requests: readonly ImportRequest[],
  options: ImportOptions,
): Promise<Indexes> {
  const known = new Map<Digest, LayerIndex>();
  const missing = new Map<Digest, LayerToRead>();
  for (const { image, source } of requests) {
    for (const layer of image.layers) {
      if (known.has(layer.digest) || missing.has(layer.digest)) continue;
      const isReferenced = (await findRef(repo, layerRef(layer.digest))) !== undefined;
      const index = await findLayerIndex(repo, layer.digest, isReferenced);
      if (index?.diffId === layer.diffId) known.set(layer.digest, index);
      else missing.set(layer.digest, { layer, source });
    }
  }
  if (missing.size === 0) return known;
  const wanted = [...missing.values()];
  // What they grow to nobody knows before; less than their blobs it hardly is.
  const bytes = wanted.reduce((sum, { layer }) => sum + layer.size, 0);
  const what = `the content of ${wanted.length} layer${wanted.length === 1 ? "" : "s"}, packed,`;
  const indexes = await withRoom([{ folder: repo.path, bytes, what }], () =>
    readLayers(context, repo, transaction.writer, wanted, options),
  );
  transaction.flushAhead();
  for (const index of indexes) known.set(index.digest, index);
  return known;
}

function layersOf(image: ResolvedImage, indexes: Indexes): readonly LayerIndex[] {
  return image.layers.map(({ digest, diffId }) => {
    const index = indexes.get(digest);
    if (index === undefined) throw new Error(`the layer ${digest} was not read`);
    // Two images may name one blob; what it holds cannot be two things.
    if (index.diffId === diffId) return index;
    throw layerRefused(
      digest,
      undefined,
      `its diffId is ${index.diffId}, but the image's config says ${diffId}`,
    );
  });
}

function compose(layers: readonly LayerIndex[]): ImageDirectory {
  const root = emptyTree();
  for (const { digest, entries } of layers) {
    try {
      applyLayer(root, entries);
    } catch (error) {
      throw error instanceof CompositionError ? layerRefused(digest, error.path, error.message) : error;
    }
  }
  return root;
}
