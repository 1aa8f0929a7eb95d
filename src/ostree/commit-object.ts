import { array, boxed, bytes, readArray, readText, readTuple, text, tuple, uint64BE } from "./gvariant.ts";
import { type CommitChecksum, checksumBytes, compareNames, type ObjectChecksum } from "./object.ts";

export type CommitMetadata = Readonly<Record<string, string | Uint8Array | boolean>>;

export interface CommitFields {
  readonly tree: ObjectChecksum;
  readonly meta: ObjectChecksum;
  readonly subject: string;
  readonly metadata: CommitMetadata;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly parent?: CommitChecksum;
}

/** A commit object, `(a{sv}aya(say)sstayay)`; metadata is sorted, so that equal commits have equal bytes. */
export function encodeCommit(commit: CommitFields): Buffer {
  const entries = Object.entries(commit.metadata).sort(([a], [b]) => compareNames(a, b));
  const metadata = entries.map(([key, value]) => tuple(text(key), encodeValue(value)));
  return tuple(
    array(metadata, 8),
    bytes(commit.parent === undefined ? new Uint8Array(0) : Buffer.from(commit.parent, "hex")),
    array([]),
    text(commit.subject),
    text(""),
    uint64BE(BigInt(commit.timestamp)),
    checksumBytes(commit.tree),
    checksumBytes(commit.meta),
  ).data;
}

function encodeValue(value: string | Uint8Array | boolean): ReturnType<typeof boxed> {
  if (typeof value === "string") return boxed(text(value), "s");
  if (typeof value === "boolean") return boxed(bytes(Uint8Array.of(value ? 1 : 0)), "b");
  return boxed(bytes(value), "ay");
}

const commitShape = [
  { alignment: 8 },
  { alignment: 1 },
  { alignment: 1 },
  { alignment: 1 },
  { alignment: 1 },
  { size: 8, alignment: 8 },
  { alignment: 1 },
  { alignment: 1 },
] as const;

/** Reads a commit object. Of its metadata only strings, byte arrays and booleans are kept. */
export function decodeCommit(data: Buffer): CommitFields {
  const [metadata, parent, , subject, , timestamp, tree, meta] = readTuple(data, commitShape);
  const empty = Buffer.alloc(0);
  const parentHex = (parent ?? empty).toString("hex");
  return {
    metadata: decodeMetadata(metadata ?? empty),
    subject: readText(subject ?? empty),
    timestamp: Number((timestamp ?? empty).readBigUInt64BE()),
    tree: (tree ?? empty).toString("hex") as ObjectChecksum,
    meta: (meta ?? empty).toString("hex") as ObjectChecksum,
    ...(parentHex === "" ? {} : { parent: parentHex as CommitChecksum }),
  };
}

function decodeMetadata(data: Buffer): CommitMetadata {
  const metadata: Record<string, string | Uint8Array | boolean> = {};
  for (const entry of readArray(data, 8)) {
    const [key, value] = readTuple(entry, [{ alignment: 1 }, { alignment: 8 }]);
    if (key === undefined || value === undefined) continue;
    const split = value.lastIndexOf(0);
    const type = value.toString("latin1", split + 1);
    const content = value.subarray(0, split);
    if (type === "s") metadata[readText(key)] = readText(content);
    else if (type === "ay") metadata[readText(key)] = content;
    else if (type === "b") metadata[readText(key)] = content[0] === 1;
  }
  return metadata;
}
