import { readArray, readText, readTuple } from "./gvariant.ts";
import type { Dirtree, FileHeader, Metadata, ObjectChecksum, Xattr } from "./object.ts";

const permissionBits = 0o7777;

export function decodeDirtree(data: Buffer): Dirtree {
  const [files, directories] = pair(readTuple(data, [{ alignment: 1 }, { alignment: 1 }]));
  return {
    files: readArray(files).map((entry) => {
      const [name, checksum] = pair(readTuple(entry, [{ alignment: 1 }, { alignment: 1 }]));
      return { name: readText(name), checksum: hex(checksum) };
    }),
    directories: readArray(directories).map((entry) => {
      const shape = [{ alignment: 1 }, { alignment: 1 }, { alignment: 1 }] as const;
      const [name, tree, meta] = readTuple(entry, shape);
      if (name === undefined || tree === undefined || meta === undefined) throw new RangeError("bad dirtree");
      return { name: readText(name), tree: hex(tree), meta: hex(meta) };
    }),
  };
}

export function decodeDirmeta(data: Buffer): Metadata {
  return {
    uid: data.readUInt32BE(0),
    gid: data.readUInt32BE(4),
    mode: data.readUInt32BE(8) & permissionBits,
    xattrs: decodeXattrs(data.subarray(12)),
  };
}

export interface ArchiveFile {
  readonly header: FileHeader;
  /** Size of the content in bytes. */
  readonly size: number;
  /** Where the compressed content starts in the object. */
  readonly contentOffset: number;
}

/** How many bytes of an archive object must be read before {@link decodeArchiveHeader} can work. */
export function archiveHeaderLength(prefix: Buffer): number {
  return 8 + prefix.readUInt32BE(0);
}

export function decodeArchiveHeader(object: Buffer): ArchiveFile {
  const contentOffset = archiveHeaderLength(object);
  const number = { size: 4, alignment: 4 } as const;
  const shape = [{ size: 8, alignment: 8 }, number, number, number, number] as const;
  const data = object.subarray(8, contentOffset);
  const [size, uid, gid, mode, , target, xattrs] = readTuple(data, [
    ...shape,
    { alignment: 1 },
    { alignment: 1 },
  ]);
  if (!size || !uid || !gid || !mode || !target || !xattrs) throw new RangeError("bad file header");
  const fullMode = mode.readUInt32BE();
  const isSymlink = (fullMode & 0o170000) === 0o120000;
  return {
    header: {
      uid: uid.readUInt32BE(),
      gid: gid.readUInt32BE(),
      mode: fullMode & permissionBits,
      xattrs: decodeXattrs(xattrs),
      ...(isSymlink ? { target: readText(target) } : {}),
    },
    size: Number(size.readBigUInt64BE()),
    contentOffset,
  };
}

function decodeXattrs(data: Buffer): readonly Xattr[] {
  return readArray(data).map((entry) => {
    const [name, value] = pair(readTuple(entry, [{ alignment: 1 }, { alignment: 1 }]));
    return { name: readText(name), value };
  });
}

function pair(members: readonly Buffer[]): readonly [Buffer, Buffer] {
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new RangeError("bad tuple");
  return [first, second];
}

function hex(checksum: Buffer): ObjectChecksum {
  return checksum.toString("hex") as ObjectChecksum;
}
