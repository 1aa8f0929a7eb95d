import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";

export interface LogFile {
  readonly write: (text: string) => void;
  readonly close: () => Promise<void>;
}

/** Opens a log of its own for one run; an older one of that name is replaced. */
export async function openLog(path: string): Promise<LogFile> {
  await mkdir(dirname(path), { recursive: true });
  const stream = createWriteStream(path);
  const done = finished(stream);
  done.catch(() => undefined);
  return {
    write: (text) => void stream.write(text),
    close: async () => {
      stream.end();
      await done;
    },
  };
}
