import { open } from "node:fs/promises";

/** A file that one part of this process appends to and another reads at the same time. */
export interface GrowingFile {
  /** So many bytes are in the file at `path` by now. Fewer than before: it was begun anew. */
  readonly grew: (path: string, size: number) => void;
  /** Nothing more will come, for good or bad. */
  readonly ended: () => void;
  /** Resolves when there is something to read, or never will be. */
  readonly begun: Promise<void>;
  /** The bytes in large chunks, as they come; undefined when there was never anything but the whole. */
  readonly read: () => AsyncIterable<Uint8Array> | undefined;
}

/** What was read is not the file any more. */
export class FileBegunAnew extends Error {
  override readonly name = "FileBegunAnew";
}

const chunkSize = 1 << 20;

export function createGrowingFile(): GrowingFile {
  let path: string | undefined;
  let size = 0;
  let isEnded = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let wake: () => void = () => undefined;

  const chunks = async function* (from: string): AsyncIterable<Uint8Array> {
    const file = await open(from, "r");
    try {
      for (let position = 0; ; ) {
        if (size < position) throw new FileBegunAnew(`${from} was begun anew`);
        const there = size - position;
        if (there === 0 && isEnded) return;
        if (there < chunkSize && !isEnded) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const buffer = Buffer.allocUnsafe(Math.min(there, chunkSize));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) throw new FileBegunAnew(`${from} was begun anew`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  };

  return {
    grew(at, newSize) {
      path = at;
      size = newSize;
      begin();
      wake();
    },
    ended() {
      isEnded = true;
      begin();
      wake();
    },
    begun,
    read: () => (path === undefined || isEnded ? undefined : chunks(path)),
  };
}
