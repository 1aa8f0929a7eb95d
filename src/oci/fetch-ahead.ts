import { systemErrorCode } from "../core/errors.ts";
import { createGrowingFile, FileBegunAnew, type GrowingFile } from "../host/growing-file.ts";
import { readStream } from "../host/read-file.ts";
import { type BlobDescriptor, blamesBytes, type ImageSource, withBlob } from "./image-source.ts";

export interface BlobToFetch {
  readonly blob: BlobDescriptor;
  readonly source: ImageSource;
}

type ReadChunks<T> = (chunks: AsyncIterable<Uint8Array>, isComing: boolean) => Promise<T>;

export interface FetchAhead {
  /**
   * Hands `read` the bytes of a blob while they come, unless they are all here. What it returns counts only when the blob is whole.
   * It is called again when the bytes that it saw were not those of the blob. `isComing` says that the fetch checks their digest.
   */
  readonly withChunks: <T>(index: number, read: ReadChunks<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
}

/** Blobs that are fetched at once, while another is read. */
const parallelFetches = 4;

interface Fetch {
  readonly whole: Promise<string>;
  readonly growing: GrowingFile;
}

/** Fetches blobs in their order, a few at a time, ahead of whoever reads them. */
export function fetchAhead(
  blobs: readonly BlobToFetch[],
  onProgress: (index: number, bytes: number) => void,
): FetchAhead {
  const started: Fetch[] = [];
  let isStopped = false;
  const startNext = (): void => {
    const index = started.length;
    const next = blobs[index];
    if (next === undefined || isStopped) return;
    const growing = createGrowingFile();
    const whole = next.source.fetchBlob(next.blob, (bytes, path) => {
      growing.grew(path, bytes);
      onProgress(index, bytes);
    });
    started.push({ whole, growing });
    // A failure is reported to whoever asks for this blob; until then it must not count as unhandled.
    whole.finally(growing.ended).then(startNext, () => undefined);
  };
  for (let count = 0; count < parallelFetches; count++) startNext();

  return {
    async withChunks(index, read) {
      const wanted = blobs[index];
      if (wanted === undefined) throw new Error("no such blob");
      while (started.length <= index) await Promise.all(started.map(({ whole }) => whole));
      const fetch = started[index];
      if (fetch === undefined) throw new Error("no more blobs are fetched");
      const early = await readEarly(fetch, read);
      if (early !== undefined) return early.result;
      await fetch.whole;
      onProgress(index, wanted.blob.size);
      return withBlob(wanted.source, wanted.blob, (path) => read(readStream(path), false));
    },
    async stop() {
      isStopped = true;
      await Promise.allSettled(started.map(({ whole }) => whole));
    },
  };
}

/** Undefined when there is nothing to read before the blob is whole, or it turned out not to be the blob. */
async function readEarly<T>(
  { growing, whole }: Fetch,
  read: ReadChunks<T>,
): Promise<{ readonly result: T } | undefined> {
  await growing.begun;
  const chunks = growing.read();
  if (chunks === undefined) return undefined;
  try {
    const result = await read(chunks, true);
    await whole;
    return { result };
  } catch (error) {
    // Why the bytes were wrong, the fetch knows better; when it knows nothing, they are read once more as a whole.
    if (!mayBeReadWhole(error)) throw error;
    await whole;
    return undefined;
  }
}

/** Whether the whole blob may be read where this failed. The file may have got its name before it was opened. */
function mayBeReadWhole(error: unknown): boolean {
  return blamesBytes(error) || error instanceof FileBegunAnew || systemErrorCode(error) === "ENOENT";
}
