import type { Context } from "../core/context.ts";
import { readStream } from "../host/read-file.ts";
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

/** Blobs that are fetched at once, while another layer is read. */
const parallelFetches = 4;

/** Fetches layers and reads them into the repo, in order; notes each that is complete. */
export async function readLayers(
  context: Context,
  repo: Repo,
  writer: ObjectWriter,
  layers: readonly ResolvedLayer[],
  options: ReadOptions,
): Promise<readonly LayerIndex[]> {
  const progress = progressOf(layers, options.onProgress);
  const fetches = fetchAhead(layers, (layer, index) => {
    return options.source.fetchBlob(layer, (bytes) => progress.fetched(index, bytes));
  });
  const indexes: LayerIndex[] = [];
  try {
    for (const [position, layer] of layers.entries()) {
      const path = await fetches.get(position);
      progress.fetched(position, layer.size);
      const scan = createLayerScan(writer, (path, reason) => layerRefused(layer.digest, path, reason));
      const visitor = {
        onEntry: scan.onEntry,
        onProgress: (bytes: number) => progress.read(position, bytes),
      };
      await readLayer(context, layer, readStream(path), visitor, options.limits);
      const index = { digest: layer.digest, diffId: layer.diffId, size: layer.size, entries: scan.entries };
      await writeLayerIndex(repo, index);
      indexes.push(index);
    }
  } finally {
    await fetches.stop();
  }
  return indexes;
}

/** Fetches in the order of the layers, a few at a time, ahead of whoever asks for them. */
function fetchAhead(
  layers: readonly ResolvedLayer[],
  begin: (layer: ResolvedLayer, index: number) => Promise<string>,
): { readonly get: (index: number) => Promise<string>; readonly stop: () => Promise<void> } {
  const started: Promise<string>[] = [];
  let isStopped = false;
  const startNext = (): void => {
    const layer = layers[started.length];
    if (layer === undefined || isStopped) return;
    const fetched = begin(layer, started.length);
    started.push(fetched);
    // A failure is reported to whoever asks for this layer; until then it must not count as unhandled.
    fetched.then(startNext, () => undefined);
  };
  for (let count = 0; count < parallelFetches; count++) startNext();
  return {
    async get(index) {
      while (started.length <= index) await Promise.all(started);
      return started[index] ?? Promise.reject(new Error("no such layer"));
    },
    async stop() {
      isStopped = true;
      await Promise.allSettled(started);
    },
  };
}

/** Fetching and reading count half each, so that the numbers are bytes of the image. */
function progressOf(
  layers: readonly ResolvedLayer[],
  onProgress: ReadOptions["onProgress"],
): {
  readonly fetched: (index: number, bytes: number) => void;
  readonly read: (index: number, bytes: number) => void;
} {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const fetched = layers.map(() => 0);
  const read = layers.map(() => 0);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const report = (): void => onProgress?.(Math.round((sum(fetched) + sum(read)) / 2), total);
  return {
    fetched(index, bytes) {
      fetched[index] = bytes;
      report();
    },
    read(index, bytes) {
      read[index] = bytes;
      report();
    },
  };
}
