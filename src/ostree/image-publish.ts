import type { Digest } from "../core/digest.ts";
import type { ResolvedImage } from "../oci/resolve.ts";
import { putCommit } from "./commit.ts";
import { type ImageDirectory, layerTree } from "./compose.ts";
import { layerRef } from "./image-ref.ts";
import { writeImageTree } from "./image-write.ts";
import type { ImportedImage } from "./imported-image.ts";
import type { LayerIndex } from "./layer-index.ts";
import type { CommitChecksum } from "./object.ts";
import { findRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import type { Transaction } from "./transaction.ts";

type LayerCommits = ReadonlyMap<Digest, CommitChecksum>;

/** Commits each layer by itself, so that its objects are kept and others' tools find it. */
export async function publishLayers(
  repo: Repo,
  { writer, publish }: Transaction,
  layers: readonly LayerIndex[],
): Promise<LayerCommits> {
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
      const tree = writeImageTree(writer, layerTree(layer.entries));
      commit = putCommit(writer, tree, { subject: layer.digest, metadata });
      publish(commit, ref);
    }
    commits.set(layer.digest, commit);
  }
  return commits;
}

interface Composed {
  readonly tree: ImageDirectory;
  readonly layers: readonly LayerIndex[];
  readonly layerCommits: LayerCommits;
}

/** Commits the tree of an image, with its manifest and config as they were served. */
export function publishImage(
  { writer, publish }: Transaction,
  ref: string,
  image: ResolvedImage,
  { tree, layers, layerCommits }: Composed,
): ImportedImage {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
  const isDropped = ({ kind }: { readonly kind: string }): boolean => kind === "dropped";
  const dropped = layers.reduce((sum, { entries }) => sum + entries.filter(isDropped).length, 0);
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
    droppedDeviceNodes: dropped,
  };
}
