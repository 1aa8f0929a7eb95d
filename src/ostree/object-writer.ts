import { randomBytes } from "node:crypto";
import { IgneousError } from "../core/errors.ts";
import {
  createWhole,
  fileExists,
  makeFolder,
  moveFile,
  removeFile,
  removePath,
} from "../host/object-files.ts";
import { encodeHeader, openFileStore, pathIn, type StoredObject } from "./file-store.ts";
import {
  encodeArchiveHeader,
  encodeHashedHeader,
  type FileHeader,
  type ObjectChecksum,
  type ObjectKind,
  objectChecksum,
} from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";

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
  /** Where a {@link FileSink} puts objects by itself, and a folder for what is unfinished, gone after {@link close}. */
  readonly objects: string;
  readonly folder: string;
  /** Tells of a file object that was put from outside. */
  readonly noteAdded: (checksum: ObjectChecksum) => void;
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
  const objects = `${repo.path}/objects`;
  const added: string[] = [];
  let count = 0;

  const store = (kind: ObjectKind, checksum: ObjectChecksum, data: Uint8Array): ObjectChecksum => {
    const path = objectPath(repo, kind, checksum);
    if (fileExists(path)) return checksum;
    const temporary = `${folder}/m${count++}`;
    createWhole(temporary, data);
    moveFile(temporary, path);
    added.push(path);
    return checksum;
  };

  const files = openFileStore({ objects, temporary: folder, stage: folder }, () => "in-place");
  const noted = ({ checksum, isNew }: StoredObject): ObjectChecksum => {
    if (isNew) added.push(pathIn(objects, checksum));
    return checksum;
  };

  return {
    putMetadata(kind, data) {
      if (data.length > metadataLimit) throw tooLarge(kind, data.length);
      return store(kind, objectChecksum(data), data);
    },
    putSymlink(header) {
      return store("file", objectChecksum(encodeHashedHeader(header)), encodeArchiveHeader(header, 0));
    },
    putFile: (header, content) => noted(files.put(encodeHeader(header), content)),
    openFile(header, size) {
      const object = files.open(encodeHeader(header), size);
      return { write: object.write, finish: () => noted(object.finish()) };
    },
    objects,
    folder,
    noteAdded: (checksum) => void added.push(pathIn(objects, checksum)),
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
