import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { diskFull } from "./files.ts";

/** A file that grows until it is complete, and may be continued by a later process. */
export interface PartialFile {
  /** Bytes that are there. */
  readonly size: () => number;
  readonly append: (chunk: Uint8Array) => Promise<void>;
  /** Drops what is there. */
  readonly restart: () => Promise<void>;
  /** Gives it its name. It is not forced to the disk: its readers check its digest. */
  readonly finish: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openPartialFile(path: string): Promise<PartialFile> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a+");
  let { size } = await file.stat();
  return {
    size: () => size,
    async append(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        try {
          const { bytesWritten } = await file.write(rest);
          size += bytesWritten;
          rest = rest.subarray(bytesWritten);
        } catch (error) {
          throw diskFull(error, path);
        }
      }
    },
    async restart() {
      await file.truncate(0);
      size = 0;
    },
    async finish(target) {
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
    },
    close: () => file.close(),
  };
}
