import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import type { ImageSource } from "../oci/image-source.ts";
import { layerRefused, type LayerLimits } from "../oci/layer-reader.ts";
import type { ResolvedImage, ResolvedLayer } from "../oci/resolve.ts";
import { putCommit } from "./commit.ts";
import { applyLayer, CompositionError, emptyTree, type ImageDirectory, layerTree } from "./compose.ts";
import { findImported, type ImportedImage } from "./imported-image.ts";
import { imageRef, layerRef } from "./image-ref.ts";
import { writeImageTree } from "./image-write.ts";
import { findLayerIndex, type LayerIndex } from "./layer-index.ts";
import { readLayers } from "./layer-import.ts";
import type { CommitChecksum } from "./object.ts";
import { findRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import { type Transaction, withTransaction } from "./transaction.ts";

export interface ImportOptions {
  readonly source: ImageSource;
  /** Name of the ref below `ociimage/image/`; the reference when not given. */
  readonly name?: string;
  readonly limits?: LayerLimits;
  /** Compressed bytes read, of those that have to be read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Imports an image: each layer on `ociimage/layer/<sha256>`, the composed tree on `ociimage/image/<name>`. The commits
 * depend on the image alone. Refs appear when everything is complete; layers that the repo has are not read again.
 */
export async function importImage(
  context: Context,
  repo: Repo,
  image: ResolvedImage,
  options: ImportOptions,
): Promise<ImportedImage> {
  const ref = imageRef(options.name ?? image.reference);
  const known = await findImported(repo, ref, image);
  if (known !== undefined) return known;
  return withTransaction(context, repo, async (transaction) => {
    const layers = await layerIndexes(context, repo, transaction, image, options);
    const tree = compose(image, layers);
    const layerCommits = await publishLayers(repo, transaction, layers);
    const commit = publishImage(transaction, ref, image, tree, countDropped(layers));
    return {
      reference: image.reference,
      manifestDigest: image.manifestDigest,
      commit,
      layers: image.layers.map(({ digest, diffId, size }) => ({
        digest,
        diffId,
        size,
        commit: layerCommits.get(digest) ?? commit,
      })),
      droppedDeviceNodes: countDropped(layers),
    };
  });
}

type Layers = readonly LayerIndex[];

/** The entries of every layer, in order; those that the repo lacks are read now. */
async function layerIndexes(
  context: Context,
  repo: Repo,
  transaction: Transaction,
  image: ResolvedImage,
  options: ImportOptions,
): Promise<Layers> {
  const known = new Map<Digest, LayerIndex>();
  const missing = new Map<Digest, ResolvedLayer>();
  for (const layer of image.layers) {
    const isReferenced = (await findRef(repo, layerRef(layer.digest))) !== undefined;
    const index = await findLayerIndex(repo, layer.digest, isReferenced);
    if (index?.diffId === layer.diffId) known.set(layer.digest, index);
    else missing.set(layer.digest, layer);
  }
  for (const index of await readLayers(context, repo, transaction.writer, [...missing.values()], options)) {
    known.set(index.digest, index);
  }
  return image.layers.flatMap(({ digest }) => known.get(digest) ?? []);
}

function compose(image: ResolvedImage, layers: Layers): ImageDirectory {
  const root = emptyTree();
  for (const { digest, entries } of layers) {
    try {
      applyLayer(root, entries);
    } catch (error) {
      throw error instanceof CompositionError ? layerRefused(digest, error.path, error.message) : error;
    }
  }
  if (layers.length !== image.layers.length) throw new Error("a layer was not read");
  return root;
}

async function publishLayers(
  repo: Repo,
  { writer, publish }: Transaction,
  layers: Layers,
): Promise<ReadonlyMap<Digest, CommitChecksum>> {
  const commits = new Map<Digest, CommitChecksum>();
  for (const layer of layers) {
    if (commits.has(layer.digest)) continue;
    const ref = layerRef(layer.digest);
    let commit = await findRef(repo, ref);
    if (commit === undefined) {
      const metadata = {
        "docker.digest": layer.digest,
        "docker.uncompressed_digest": layer.diffId,
        "igneous.layer-size": String(layer.size),
      };
      commit = putCommit(writer, writeImageTree(writer, layerTree(layer.entries)), {
        subject: layer.digest,
        metadata,
      });
      publish(commit, ref);
    }
    commits.set(layer.digest, commit);
  }
  return commits;
}

function publishImage(
  { writer, publish }: Transaction,
  ref: string,
  image: ResolvedImage,
  tree: ImageDirectory,
  dropped: number,
): CommitChecksum {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
  const commit = putCommit(writer, writeImageTree(writer, tree), {
    subject: image.manifestDigest,
    metadata: {
      "docker.digest": image.manifestDigest,
      "docker.manifest": text(image.rawManifest),
      "ostree.manifest-digest": image.manifestDigest,
      "ostree.manifest": text(image.rawManifest),
      "ostree.container.image-config": text(image.rawConfig),
      "igneous.dropped-device-nodes": String(dropped),
    },
  });
  publish(commit, ref);
  return commit;
}

function countDropped(layers: Layers): number {
  return layers.reduce(
    (sum, { entries }) => sum + entries.filter(({ kind }) => kind === "dropped").length,
    0,
  );
}
