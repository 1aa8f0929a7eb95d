import type { Context } from "../core/context.ts";
import { readStream } from "../host/read-file.ts";
import { type ImageSource, withBlob } from "../oci/image-source.ts";
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

/** Blobs that are fetched at once, while another layer is read. */
const parallelFetches = 4;

/** Fewer compressed bytes than this are read sooner than threads start. */
const threadsFrom = 4 << 20;

/** Fetches layers and reads them into the repo, in order; notes each that is complete. */
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
  const fetches = fetchAhead(wanted, ({ layer, source }, index) => {
    return source.fetchBlob(layer, (bytes) => progress.fetched(index, bytes));
  });
  const indexes: LayerIndex[] = [];
  try {
    for (const [position, { layer, source }] of wanted.entries()) {
      await fetches.get(position);
      const sink = await opening;
      progress.fetched(position, layer.size);
      const read = (path: string): Promise<LayerIndex> =>
        readOne(context, { writer, sink }, layer, path, {
          ...options,
          onRead: (bytes) => progress.read(position, bytes),
        });
      const index = await withBlob(source, layer, read);
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
  path: string,
  options: { readonly limits?: LayerLimits; readonly onRead: (bytes: number) => void },
): Promise<LayerIndex> {
  const scan = createLayerScan(writer, sink, (entry, reason) => layerRefused(layer.digest, entry, reason));
  const visitor = { onEntry: scan.onEntry, onProgress: options.onRead };
  await readLayer(context, layer, readStream(path), visitor, options.limits);
  sink.settle();
  return { digest: layer.digest, diffId: layer.diffId, size: layer.size, entries: scan.entries };
}

/** Fetches in the order of the layers, a few at a time, ahead of whoever asks for them. */
function fetchAhead(
  layers: readonly LayerToRead[],
  begin: (layer: LayerToRead, index: number) => Promise<string>,
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
