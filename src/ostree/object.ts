import { createHash } from "node:crypto";
import { array, bytes, text, tuple, uint32BE, uint64BE, type Variant } from "./gvariant.ts";

/** Checksum of an object of an OSTree repo: 64 hex digits. */
export type ObjectChecksum = string & { readonly brand: "ObjectChecksum" };

/** Checksum of a commit object. */
export type CommitChecksum = ObjectChecksum & { readonly commit: true };

export type ObjectKind = "commit" | "dirtree" | "dirmeta" | "file";

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Owner, permissions and extended attributes; `mode` holds permission bits only. */
export interface Metadata {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly xattrs: readonly Xattr[];
}

const regularFile = 0o100000;
const symbolicLink = 0o120000;
const directory = 0o040000;

/** What a content object says of its file before the bytes themselves. */
export interface FileHeader extends Metadata {
  /** Given for a symlink, which has no content. */
  readonly target?: string;
}

/** The bytes that are hashed before a file's content: length, padding, `(uuuusa(ayay))`. */
export function encodeHashedHeader(header: FileHeader): Buffer {
  return framed(tuple(...fileFields(header)).data);
}

/** The bytes at the start of an object of an archive repo: length, padding, `(tuuuusa(ayay))`. */
export function encodeArchiveHeader(header: FileHeader, size: number): Buffer {
  return framed(tuple(uint64BE(BigInt(size)), ...fileFields(header)).data);
}

export function encodeDirmeta({ uid, gid, mode, xattrs }: Metadata): Buffer {
  return tuple(uint32BE(uid), uint32BE(gid), uint32BE(directory | mode), encodeXattrs(xattrs)).data;
}

/** Names with the checksum of what they stand for, each list sorted by the bytes of the names. */
export interface Dirtree {
  readonly files: readonly { readonly name: string; readonly checksum: ObjectChecksum }[];
  readonly directories: readonly DirtreeDirectory[];
}

export interface DirtreeDirectory {
  readonly name: string;
  readonly tree: ObjectChecksum;
  readonly meta: ObjectChecksum;
}

export function encodeDirtree({ files, directories }: Dirtree): Buffer {
  const fileEntries = files.map(({ name, checksum }) => tuple(text(name), checksumBytes(checksum)));
  const directoryEntries = directories.map(({ name, tree, meta }) =>
    tuple(text(name), checksumBytes(tree), checksumBytes(meta)),
  );
  return tuple(array(fileEntries), array(directoryEntries)).data;
}

export function checksumBytes(checksum: ObjectChecksum): Variant {
  return bytes(Buffer.from(checksum, "hex"));
}

export function objectChecksum(data: Uint8Array): ObjectChecksum {
  return createHash("sha256").update(data).digest("hex") as ObjectChecksum;
}

/** From here on the order of UTF-16 units is not the order of UTF-8 bytes. */
const beyondSurrogates = /[\ud800-\uffff]/;

/** Sorts names as OSTree wants them: by their UTF-8 bytes. */
export function compareNames(a: string, b: string): number {
  if (beyondSurrogates.test(a) || beyondSurrogates.test(b))
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function fileFields({ uid, gid, mode, xattrs, target }: FileHeader): readonly Variant[] {
  const kind = target === undefined ? regularFile : symbolicLink;
  return [
    uint32BE(uid),
    uint32BE(gid),
    uint32BE(kind | mode),
    uint32BE(0),
    text(target ?? ""),
    encodeXattrs(xattrs),
  ];
}

/** Sorted by name: unsorted attributes make objects that `ostree fsck` calls corrupt. */
function encodeXattrs(xattrs: readonly Xattr[]): Variant {
  const sorted = xattrs.toSorted((a, b) => compareNames(a.name, b.name));
  return array(sorted.map(({ name, value }) => tuple(text(name), bytes(value))));
}

function framed(variant: Buffer): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(variant.length);
  return Buffer.concat([prefix, variant]);
}
