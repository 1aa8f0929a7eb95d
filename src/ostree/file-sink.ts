import type { TarContent } from "../oci/tar-entry.ts";
import type { FileHeader, ObjectChecksum } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";

/** Takes the files of layers. */
export interface FileSink {
  /** `onStored` may be called any time until {@link settle} returns. */
  readonly putFile: (
    header: FileHeader,
    size: number,
    onStored: (checksum: ObjectChecksum) => void,
  ) => TarContent;
  /** Returns when every file that was put is an object of the repo. */
  readonly settle: () => void;
  readonly close: () => Promise<void>;
}

/** Files up to this size are put into the repo in one go. */
const gatherLimit = 1 << 20;

/** A sink that stores each file at once, in this thread. */
export function inlineSink(writer: ObjectWriter): FileSink {
  return {
    putFile(header, size, onStored) {
      if (size > gatherLimit) {
        const object = writer.openFile(header, size);
        return { write: object.write, end: () => onStored(object.finish()) };
      }
      const parts: Uint8Array[] = [];
      return {
        // The bytes of a hole are one buffer again and again; those of the archive are never written to.
        write: (chunk) => void parts.push(chunk),
        end() {
          const [only] = parts;
          const content = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
          onStored(writer.putFile(header, content));
        },
      };
    },
    settle: () => undefined,
    close: async () => undefined,
  };
}
