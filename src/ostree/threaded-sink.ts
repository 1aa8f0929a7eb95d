import { IgneousError } from "../core/errors.ts";
import { listFolder, makeFolder, moveFile, moveFolder, removePath } from "../host/object-files.ts";
import { processorCount, startThread, type Thread } from "../host/threads.ts";
import type { FileAnswer, FileBatch, Segment } from "./file-batch.ts";
import type { FileSink } from "./file-sink.ts";
import type { FileHeader, ObjectChecksum } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";

const bufferSize = 2 << 20;
/** Small files have headers, folders and names to be handled, so that their number is bounded as well. */
const filesPerBatch = 512;
/** Batches that a thread may have before it; more would only take memory. */
const batchesAhead = 2;

interface Worker {
  readonly thread: Thread;
  readonly waiting: { readonly batch: FileBatch; readonly onStored: readonly OnStored[] }[];
}

type OnStored = (checksum: ObjectChecksum) => void;

interface OpenBatch {
  readonly worker: Worker;
  readonly bytes: Uint8Array;
  readonly buffer: SharedArrayBuffer;
  readonly headers: FileHeader[];
  readonly keys: Map<string, number>;
  readonly segments: Segment[];
  readonly onStored: OnStored[];
  used: number;
}

/**
 * A sink whose files are hashed and written by threads, while this one reads on. It waits for them where they do not keep
 * up, so that memory is bounded whatever comes. New prefixes of the repo are filled aside and moved by {@link FileSink.settle}.
 */
export async function openThreadedSink(writer: ObjectWriter): Promise<FileSink> {
  const { objects, folder } = writer;
  const stage = `${folder}/stage`;
  makeFolder(stage);
  const count = Math.min(4, Math.max(1, processorCount() - 1));
  const start = async (index: number): Promise<Worker> => {
    const temporary = `${folder}/thread-${index}`;
    makeFolder(temporary);
    return {
      thread: await startThread(threadModule(), { folders: { objects, temporary, stage } }),
      waiting: [],
    };
  };
  const workers = await Promise.all(Array.from({ length: count }, (_, index) => start(index)));
  const free: SharedArrayBuffer[] = [];
  let open: OpenBatch | undefined;

  const finish = (worker: Worker, answer: FileAnswer): void => {
    const done = worker.waiting.shift();
    if (done === undefined) throw new Error("a thread answered what it was not asked");
    if (answer.failure !== undefined) throw failureOf(answer.failure);
    if (done.batch.segments.length > 0) free.push(done.batch.buffer);
    for (const [index, { checksum, isNew }] of (answer.stored ?? []).entries()) {
      if (isNew) writer.noteAdded(checksum);
      done.onStored[index]?.(checksum);
    }
  };
  const collect = (worker: Worker, atMost: number): void => {
    for (let answer = worker.thread.poll(); answer !== undefined; answer = worker.thread.poll())
      finish(worker, answer as FileAnswer);
    while (worker.waiting.length > atMost) finish(worker, worker.thread.receive() as FileAnswer);
  };
  const post = (worker: Worker, batch: FileBatch, onStored: readonly OnStored[]): void => {
    worker.waiting.push({ batch, onStored });
    worker.thread.post(batch);
  };
  const send = (): void => {
    if (open === undefined) return;
    const { worker, buffer, headers, segments, onStored } = open;
    open = undefined;
    post(worker, { buffer, headers, segments }, onStored);
  };
  /** The next batch is for the thread that has least to do, but a file that goes on stays with its own. */
  const begin = (same?: Worker): OpenBatch => {
    for (const worker of workers) collect(worker, Number.POSITIVE_INFINITY);
    const least = (best: Worker, next: Worker): Worker =>
      next.waiting.length < best.waiting.length ? next : best;
    const worker = same ?? workers.reduce(least);
    collect(worker, batchesAhead - 1);
    const buffer = free.pop() ?? new SharedArrayBuffer(bufferSize);
    const bytes = new Uint8Array(buffer);
    open = { worker, buffer, bytes, headers: [], keys: new Map(), segments: [], onStored: [], used: 0 };
    return open;
  };
  const batchFor = (size: number): OpenBatch => {
    if (open !== undefined && open.segments.length < filesPerBatch && size <= bufferSize - open.used)
      return open;
    send();
    return begin();
  };

  return {
    putFile(header, size, onStored) {
      let batch = batchFor(Math.min(size, bufferSize));
      let start = batch.used;
      let isFirst = true;
      const cut = (isLast: boolean): void => {
        const end = batch.used;
        batch.segments.push({ header: headerIn(batch, header), start, end, size, isFirst, isLast });
        isFirst = false;
      };
      return {
        write(chunk) {
          for (let at = 0; at < chunk.length; ) {
            if (batch.used === bufferSize) {
              cut(false);
              send();
              batch = begin(batch.worker);
              start = 0;
            }
            const part = chunk.subarray(at, at + bufferSize - batch.used);
            batch.bytes.set(part, batch.used);
            batch.used += part.length;
            at += part.length;
          }
        },
        end() {
          cut(true);
          batch.onStored.push(onStored);
        },
      };
    },
    settle() {
      send();
      for (const worker of workers) collect(worker, 0);
      moveStaged(stage, objects);
      for (const worker of workers) post(worker, { buffer: nothing, headers: [], segments: [] }, []);
      for (const worker of workers) finish(worker, worker.thread.receive() as FileAnswer);
    },
    async close() {
      for (const worker of workers) {
        try {
          collect(worker, 0);
        } catch {
          // What went wrong was reported, or does not matter any more.
        }
      }
      await Promise.all(workers.map(({ thread }) => thread.stop()));
    },
  };
}

const nothing = new SharedArrayBuffer(0);

function threadModule(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./file-thread.ts" : "./file-thread.js", import.meta.url);
}

function headerIn({ keys, headers }: OpenBatch, header: FileHeader): number {
  const { uid, gid, mode, xattrs } = header;
  const key = xattrs.length === 0 ? `${uid}:${gid}:${mode}` : undefined;
  const known = key === undefined ? undefined : keys.get(key);
  if (known !== undefined) return known;
  // A value is a view of the archive's bytes, which would be sent along as a whole.
  const own = xattrs.map(({ name, value }) => ({ name, value: Uint8Array.from(value) }));
  const index = headers.push({ uid, gid, mode, xattrs: own }) - 1;
  if (key !== undefined) keys.set(key, index);
  return index;
}

function moveStaged(stage: string, objects: string): void {
  for (const prefix of listFolder(stage)) {
    const [from, to] = [`${stage}/${prefix}`, `${objects}/${prefix}`];
    if (moveFolder(from, to)) continue;
    for (const name of listFolder(from)) moveFile(`${from}/${name}`, `${to}/${name}`);
    removePath(from);
  }
}

function failureOf({ code, message, hint }: NonNullable<FileAnswer["failure"]>): Error {
  if (code === undefined) return new Error(message);
  return new IgneousError(code, message, hint === undefined ? {} : { hint });
}
