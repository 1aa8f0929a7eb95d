import { createHash, hash } from "node:crypto";
import { systemErrorCode } from "../core/errors.ts";
import {
  createFile,
  createWhole,
  fileExists,
  makeFolder,
  moveFile,
  removeFile,
} from "../host/object-files.ts";
import { encodeArchiveHeader, encodeHashedHeader, type FileHeader, type ObjectChecksum } from "./object.ts";
import { storedBlocks, storedEnd } from "./stored-deflate.ts";

export interface StoredObject {
  readonly checksum: ObjectChecksum;
  /** Whether the repo lacked it. */
  readonly isNew: boolean;
}

/** A file object while its content arrives. */
export interface OpenObject {
  readonly write: (chunk: Uint8Array) => void;
  /** Puts the object where it belongs. The content must have had the promised size. */
  readonly finish: () => StoredObject;
  readonly abandon: () => void;
}

/** Where one thread puts file objects. */
export interface FileStore {
  readonly put: (header: EncodedHeader, content: Uint8Array) => StoredObject;
  readonly open: (header: EncodedHeader, size: number) => OpenObject;
}

/** A file's metadata as it is hashed and as it is stored, made once for many files. */
export interface EncodedHeader {
  readonly hashed: Buffer;
  /** With the size that the file has. */
  readonly stored: (size: number) => Buffer;
}

export function encodeHeader(header: FileHeader): EncodedHeader {
  const stored = encodeArchiveHeader(header, 0);
  return {
    hashed: encodeHashedHeader(header),
    stored(size) {
      // The size is the first member, behind the length of the whole and its padding.
      stored.writeBigUInt64BE(BigInt(size), 8);
      return stored;
    },
  };
}

/** Where new objects of one prefix go: to their place, or into a folder that is moved to it as a whole. */
export type Placement = "in-place" | "staged";

interface Folders {
  /** `objects` of the repo. */
  readonly objects: string;
  /** For files that are being written. Nobody else writes here. */
  readonly temporary: string;
  /** Like `objects`, for prefixes that the repo does not have; it may be shared by several threads. */
  readonly stage: string;
}

/** Up to here an object is one stored block, put together in memory and written by one call. */
const oneBlock = 0xffff;

/**
 * Stores file objects in the format of an archive repo. Each appears in `objects` whole or not at all. What goes into a
 * prefix that `placement` calls staged costs neither a look whether it is there nor a rename of its own.
 */
export function openFileStore(folders: Folders, placement: (prefix: string) => Placement): FileStore {
  const { objects, temporary, stage } = folders;
  const scratch = Buffer.allocUnsafe(4 * oneBlock);
  let files = 0;

  const place = (from: string, checksum: ObjectChecksum): StoredObject => {
    const path = pathIn(objects, checksum);
    const isNew = !fileExists(path);
    if (isNew) moveFile(from, path);
    else removeFile(from);
    return { checksum, isNew };
  };

  const putBytes = (checksum: ObjectChecksum, data: Uint8Array): StoredObject => {
    if (placement(checksum.slice(0, 2)) === "staged") {
      const path = pathIn(stage, checksum);
      return { checksum, isNew: createIn(path, data) };
    }
    const path = pathIn(objects, checksum);
    if (fileExists(path)) return { checksum, isNew: false };
    const from = `${temporary}/${files++}`;
    createWhole(from, data);
    moveFile(from, path);
    return { checksum, isNew: true };
  };

  const open = (header: EncodedHeader, size: number): OpenObject => {
    const digest = createHash("sha256").update(header.hashed);
    const from = `${temporary}/${files++}`;
    const file = createFile(from);
    file.write([header.stored(size)]);
    let left = size;
    return {
      write(chunk) {
        left -= chunk.length;
        digest.update(chunk);
        file.write(storedBlocks(chunk));
      },
      finish() {
        file.write([storedEnd]);
        file.close();
        if (left !== 0) throw new Error(`content differs from its size by ${left} bytes`);
        return place(from, digest.digest("hex") as ObjectChecksum);
      },
      abandon() {
        file.close();
        removeFile(from);
      },
    };
  };

  return {
    open,
    put(header, content) {
      const { length } = content;
      const { hashed } = header;
      if (length > oneBlock || hashed.length > oneBlock) {
        const object = open(header, length);
        object.write(content);
        return object.finish();
      }
      hashed.copy(scratch);
      scratch.set(content, hashed.length);
      const checksum = hash("sha256", scratch.subarray(0, hashed.length + length)) as ObjectChecksum;
      let end = header.stored(length).copy(scratch);
      // What is behind the header was hashed already; it is laid out anew around its block's length.
      if (length > 0) {
        scratch.writeUInt8(0, end);
        scratch.writeUInt16LE(length, end + 1);
        scratch.writeUInt16LE(~length & 0xffff, end + 3);
        scratch.set(content, end + 5);
        end += 5 + length;
      }
      scratch.set(storedEnd, end);
      return putBytes(checksum, scratch.subarray(0, end + storedEnd.length));
    },
  };
}

export function pathIn(objects: string, checksum: ObjectChecksum): string {
  return `${objects}/${checksum.slice(0, 2)}/${checksum.slice(2)}.filez`;
}

function createIn(path: string, data: Uint8Array): boolean {
  try {
    return createWhole(path, data);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    makeFolder(path.slice(0, path.lastIndexOf("/")));
    return createWhole(path, data);
  }
}
