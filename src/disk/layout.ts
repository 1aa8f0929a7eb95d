import { createHash } from "node:crypto";

const mib = 2 ** 20;
const sector = 512;
const espBytes = 64 * mib;
/** Room for the partition table at both ends; partitions are aligned to it. */
const margin = mib;
const groupsBytes = 2 ** 31;

/** Where everything on a disk is, and the identifiers of it. */
export interface Layout {
  readonly sizeBytes: number;
  readonly diskId: string;
  readonly esp: Partition & { readonly volumeId: string };
  readonly root: Partition & { readonly filesystemId: string; readonly hashSeed: string };
}

export interface Partition {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly id: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * The partitions of a disk with a root file system of `rootBytes`, rounded up to whole mebibytes. The root file system is
 * named by `name`, as every build's of one spec is: its checksums are seeded with its UUID, and a new one changes them all.
 */
export function planLayout(name: string, buildId: string, rootBytes: number): Layout {
  const id = (label: string): string => uuidOf(`${buildId}/${label}`);
  const rootSize = Math.ceil(rootBytes / mib) * mib;
  const rootOffset = margin + espBytes;
  return {
    sizeBytes: rootOffset + rootSize + margin,
    diskId: id("disk"),
    esp: {
      number: 1,
      name: "esp",
      type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
      id: id("esp"),
      volumeId: id("esp-volume").slice(0, 8),
      offset: margin,
      size: espBytes,
    },
    root: {
      number: 2,
      name: "root",
      // "Linux root (x86-64)" of the Discoverable Partitions Specification
      type: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
      id: id("root"),
      filesystemId: uuidOf(`${name}/root-filesystem`),
      hashSeed: uuidOf(`${name}/root-hash-seed`),
      offset: rootOffset,
      size: rootSize,
    },
  };
}

/**
 * Bytes for a root file system that needs `rootBytes`. Ext4 keeps the tables of 16 groups (2 GiB) together in front of
 * them; only with whole ones does the content begin at the same place in a larger file system.
 */
export function wholeGroups(rootBytes: number): number {
  return Math.ceil(rootBytes / groupsBytes) * groupsBytes;
}

/** The bytes of a disk of this size that its root file system can have. */
export function rootBytesOf(diskBytes: number): number {
  return Math.floor((diskBytes - espBytes - 2 * margin) / mib) * mib;
}

/** Input of `sfdisk`. */
export function renderPartitionScript(layout: Layout): string {
  const lines = [layout.esp, layout.root].map(({ offset, size, type, id, name }) => {
    const place = `start=${offset / sector}, size=${size / sector}`;
    return `${place}, type=${type}, uuid=${id.toUpperCase()}, name=${name}\n`;
  });
  return `label: gpt\nlabel-id: ${layout.diskId.toUpperCase()}\nfirst-lba: 34\nunit: sectors\n\n${lines.join("")}`;
}

/** A UUID (version 8, RFC 9562) that only depends on the text. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(`igneous:${text}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
