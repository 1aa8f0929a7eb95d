import type { Digest } from "../core/digest.ts";
import type { ResolvedImage } from "../oci/resolve.ts";
import { layerRef } from "./image-ref.ts";
import type { CommitChecksum } from "./object.ts";
import { readCommit } from "./object-read.ts";
import { findRef } from "./ref.ts";
import type { Repo } from "./repo.ts";

export interface ImportedLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly size: number;
  readonly commit: CommitChecksum;
}

export interface ImportedImage {
  readonly reference: string;
  readonly manifestDigest: Digest;
  readonly commit: CommitChecksum;
  readonly layers: readonly ImportedLayer[];
  /** Device nodes and fifos of all layers, which OSTree cannot hold. */
  readonly droppedDeviceNodes: number;
}

/** The result of an earlier import of the very same image, or undefined when there is work to do. */
export async function findImported(
  repo: Repo,
  ref: string,
  image: ResolvedImage,
): Promise<ImportedImage | undefined> {
  const commit = await findRef(repo, ref);
  if (commit === undefined) return undefined;
  const { metadata } = readCommit(repo, commit);
  if (metadata["ostree.manifest-digest"] !== image.manifestDigest) return undefined;
  const layers: ImportedLayer[] = [];
  for (const { digest, diffId, size } of image.layers) {
    const layerCommit = await findRef(repo, layerRef(digest));
    if (layerCommit === undefined) return undefined;
    layers.push({ digest, diffId, size, commit: layerCommit });
  }
  const dropped = Number(metadata["igneous.dropped-device-nodes"] ?? 0);
  const { reference, manifestDigest } = image;
  return { reference, manifestDigest, commit, layers, droppedDeviceNodes: dropped };
}
