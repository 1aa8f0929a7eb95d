import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { diskFull } from "./files.ts";

/** A file that grows until it is complete, and may be continued by a later process. */
export interface PartialFile {
  /** Bytes that were appended, and those that were there. */
  readonly size: () => number;
  /** Takes a copy, and writes in large pieces while more comes. What went wrong with one piece fails the next call. */
  readonly append: (chunk: Uint8Array) => Promise<void>;
  /** Writes what was only taken. */
  readonly flush: () => Promise<void>;
  /** Drops what is there. */
  readonly restart: () => Promise<void>;
  /** Gives it its name. It is not forced to the disk: its readers check its digest. */
  readonly finish: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A call into the system for each chunk of the network would take as much time as the writing. */
const pieceSize = 1 << 20;

/** `onWritten` is told how many bytes another reader of the file finds by now. */
export async function openPartialFile(
  path: string,
  onWritten: (size: number) => void = () => undefined,
): Promise<PartialFile> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a+");
  let { size: written } = await file.stat();
  let size = written;
  let [filling, spare] = [Buffer.allocUnsafe(pieceSize), Buffer.allocUnsafe(pieceSize)];
  let filled = 0;
  let underWay: Promise<void> = Promise.resolve();

  const write = async (piece: Uint8Array): Promise<void> => {
    for (let rest = piece; rest.length > 0; ) {
      try {
        const { bytesWritten } = await file.write(rest);
        written += bytesWritten;
        rest = rest.subarray(bytesWritten);
      } catch (error) {
        throw diskFull(error, path);
      }
      onWritten(written);
    }
  };
  const send = async (): Promise<void> => {
    await underWay;
    underWay = write(filling.subarray(0, filled));
    // Whoever waits for it is told; until then it must not count as unhandled.
    underWay.catch(() => undefined);
    [filling, spare] = [spare, filling];
    filled = 0;
  };
  const flush = async (): Promise<void> => {
    if (filled > 0) await send();
    await underWay;
  };

  return {
    size: () => size,
    async append(chunk) {
      size += chunk.length;
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + pieceSize - filled);
        filling.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === pieceSize) await send();
      }
    },
    flush,
    async restart() {
      filled = 0;
      await underWay.catch(() => undefined);
      underWay = Promise.resolve();
      await file.truncate(0);
      written = 0;
      size = 0;
      onWritten(0);
    },
    async finish(target) {
      await flush();
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
    },
    async close() {
      await underWay.catch(() => undefined);
      await file.close();
    },
  };
}
