import type { Context } from "../core/context.ts";
import { fetchAhead } from "../oci/fetch-ahead.ts";
import type { ImageSource } from "../oci/image-source.ts";
import { layerRefused, type LayerLimits, readLayer } from "../oci/layer-reader.ts";
import type { ResolvedLayer } from "../oci/resolve.ts";
import { type LayerIndex, writeLayerIndex } from "./layer-index.ts";
import { createLayerScan } from "./layer-scan.ts";
import { type FileSink, inlineSink } from "./file-sink.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { Repo } from "./repo.ts";
import { openThreadedSink } from "./threaded-sink.ts";

export interface LayerToRead {
  readonly layer: ResolvedLayer;
  readonly source: ImageSource;
}

interface ReadOptions {
  readonly limits?: LayerLimits;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Fewer compressed bytes than this are read sooner than threads start. */
const threadsFrom = 4 << 20;

/** Fetches layers and reads them into the repo while they come, in order; notes each that is complete. */
export async function readLayers(
  context: Context,
  repo: Repo,
  writer: ObjectWriter,
  wanted: readonly LayerToRead[],
  options: ReadOptions,
): Promise<readonly LayerIndex[]> {
  const layers = wanted.map(({ layer }) => layer);
  const progress = progressOf(layers, options.onProgress);
  const isWorthThreads = layers.reduce((sum, { size }) => sum + size, 0) >= threadsFrom;
  const opening = isWorthThreads ? openThreadedSink(writer) : Promise.resolve(inlineSink(writer));
  opening.catch(() => undefined);
  // Threads start while the first blobs come.
  const fetches = fetchAhead(
    wanted.map(({ layer, source }) => ({ blob: layer, source })),
    progress.fetched,
  );
  const indexes: LayerIndex[] = [];
  try {
    for (const [position, layer] of layers.entries()) {
      const sink = await opening;
      const index = await fetches.withChunks(position, (chunks, isComing) =>
        readOne(context, { writer, sink }, layer, chunks, {
          ...options,
          isComing,
          onRead: (bytes) => progress.read(position, bytes),
        }),
      );
      await writeLayerIndex(repo, index);
      indexes.push(index);
    }
  } finally {
    await fetches.stop();
    await opening.then(
      (sink) => sink.close(),
      () => undefined,
    );
  }
  return indexes;
}

async function readOne(
  context: Context,
  { writer, sink }: { readonly writer: ObjectWriter; readonly sink: FileSink },
  layer: ResolvedLayer,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions & { readonly isComing: boolean; readonly onRead: (bytes: number) => void },
): Promise<LayerIndex> {
  const scan = createLayerScan(writer, sink, (entry, reason) => layerRefused(layer.digest, entry, reason));
  const { onRead, isComing } = options;
  const visitor = { onEntry: scan.onEntry, onProgress: onRead, isCheckedElsewhere: isComing };
  await readLayer(context, layer, chunks, visitor, options.limits);
  sink.settle();
  return { digest: layer.digest, diffId: layer.diffId, size: layer.size, entries: scan.entries };
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
