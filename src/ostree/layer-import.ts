import type { Context } from "../core/context.ts";
import { openVerifiedBlob } from "../oci/pull.ts";
import type { ImageSource } from "../oci/image-source.ts";
import { layerRefused, type LayerLimits, readLayer } from "../oci/layer-reader.ts";
import type { ResolvedLayer } from "../oci/resolve.ts";
import { type LayerIndex, writeLayerIndex } from "./layer-index.ts";
import { createLayerScan } from "./layer-scan.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { Repo } from "./repo.ts";

interface ReadOptions {
  readonly source: ImageSource;
  readonly limits?: LayerLimits;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Reads layers into the repo, and notes each that is complete. */
export async function readLayers(
  context: Context,
  repo: Repo,
  writer: ObjectWriter,
  layers: readonly ResolvedLayer[],
  options: ReadOptions,
): Promise<readonly LayerIndex[]> {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const indexes: LayerIndex[] = [];
  let before = 0;
  for (const layer of layers) {
    const onProgress = (bytes: number): void => options.onProgress?.(before + bytes, total);
    const scan = createLayerScan(writer, (path, reason) => layerRefused(layer.digest, path, reason));
    const blob = await openVerifiedBlob(context, options.source, layer);
    await readLayer(context, layer, blob, { onEntry: scan.onEntry, onProgress }, options.limits);
    const index = { digest: layer.digest, diffId: layer.diffId, size: layer.size, entries: scan.entries };
    await writeLayerIndex(repo, index);
    indexes.push(index);
    before += layer.size;
  }
  return indexes;
}
