import { createHash, randomBytes } from "node:crypto";
import { IgneousError } from "../core/errors.ts";
import {
  createFile,
  fileExists,
  makeFolder,
  moveFile,
  removeFile,
  removePath,
} from "../host/object-files.ts";
import {
  encodeArchiveHeader,
  encodeHashedHeader,
  type FileHeader,
  type ObjectChecksum,
  type ObjectKind,
  objectChecksum,
} from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";
import { storedBlocks, storedEnd } from "./stored-deflate.ts";

/** A file object while its content arrives. */
export interface FileObject {
  readonly write: (chunk: Uint8Array) => void;
  /** Puts the object into the repo. The content must have had the promised size. */
  readonly finish: () => ObjectChecksum;
}

export interface ObjectWriter {
  readonly putMetadata: (kind: Exclude<ObjectKind, "file">, data: Uint8Array) => ObjectChecksum;
  readonly putSymlink: (header: FileHeader & { readonly target: string }) => ObjectChecksum;
  readonly putFile: (header: FileHeader, content: Uint8Array) => ObjectChecksum;
  readonly openFile: (header: FileHeader, size: number) => FileObject;
  /** Removes the objects that were put and had not been there before. */
  readonly takeBack: () => void;
  /** Removes what is unfinished. Objects that were put stay. */
  readonly close: () => void;
}

/**
 * Writes objects into an archive repo. Each appears under its name whole or not at all: it is written in the repo's
 * `tmp` and renamed. An object that is there already is not written again.
 */
export function openObjectWriter(repo: Repo): ObjectWriter {
  if (repo.mode !== "archive") throw new Error(`cannot write content objects into a ${repo.mode} repo`);
  const folder = `${repo.path}/tmp/igneous-${process.pid}-${randomBytes(4).toString("hex")}`;
  makeFolder(folder);
  const added: string[] = [];
  let files = 0;

  const place = (temporary: string, path: string): void => {
    moveFile(temporary, path);
    added.push(path);
  };

  const store = (
    kind: ObjectKind,
    checksum: ObjectChecksum,
    parts: readonly Uint8Array[],
  ): ObjectChecksum => {
    const path = objectPath(repo, kind, checksum);
    if (fileExists(path)) return checksum;
    const temporary = `${folder}/${files++}`;
    const file = createFile(temporary);
    try {
      file.write(parts);
    } finally {
      file.close();
    }
    place(temporary, path);
    return checksum;
  };

  const openFile = (header: FileHeader, size: number): FileObject => {
    const hash = createHash("sha256").update(encodeHashedHeader(header));
    const temporary = `${folder}/${files++}`;
    const file = createFile(temporary);
    file.write([encodeArchiveHeader(header, size)]);
    let left = size;
    return {
      write(chunk) {
        left -= chunk.length;
        hash.update(chunk);
        file.write(storedBlocks(chunk));
      },
      finish() {
        file.write([storedEnd]);
        file.close();
        if (left !== 0) throw new Error(`content differs from its size by ${left} bytes`);
        const checksum = hash.digest("hex") as ObjectChecksum;
        const path = objectPath(repo, "file", checksum);
        if (fileExists(path)) removeFile(temporary);
        else place(temporary, path);
        return checksum;
      },
    };
  };

  return {
    putMetadata(kind, data) {
      if (data.length > metadataLimit) throw tooLarge(kind, data.length);
      return store(kind, objectChecksum(data), [data]);
    },
    putSymlink(header) {
      return store("file", objectChecksum(encodeHashedHeader(header)), [encodeArchiveHeader(header, 0)]);
    },
    putFile(header, content) {
      const hash = createHash("sha256").update(encodeHashedHeader(header)).update(content);
      const parts = [encodeArchiveHeader(header, content.length), ...storedBlocks(content), storedEnd];
      return store("file", hash.digest("hex") as ObjectChecksum, parts);
    },
    openFile,
    takeBack() {
      for (const path of added.splice(0)) removeFile(path);
    },
    close: () => removePath(folder),
  };
}

/** OSTree refuses to load larger metadata objects. */
const metadataLimit = 10 * 1024 * 1024;

function tooLarge(kind: ObjectKind, size: number): IgneousError {
  return new IgneousError(
    "image-refused",
    `a ${kind} object would have ${size} bytes; OSTree's limit is ${metadataLimit} (one folder holds too many names)`,
  );
}
