/**
 * The few corners of the GVariant format that OSTree's objects are made of, little-endian framing.
 * https://docs.gtk.org/glib/gvariant-specification-1.0.html
 */

/** A serialised value, with what its container needs to know of its type. */
export interface Variant {
  readonly data: Buffer;
  readonly alignment: 1 | 4 | 8;
  /** True for types whose size does not depend on the value (integers). */
  readonly fixed: boolean;
}

export function bytes(data: Uint8Array): Variant {
  return { data: asBuffer(data), alignment: 1, fixed: false };
}

export function text(value: string): Variant {
  return { data: Buffer.from(`${value}\0`, "utf8"), alignment: 1, fixed: false };
}

/** OSTree keeps most of its integers big-endian inside the little-endian container. */
export function uint32BE(value: number): Variant {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(value);
  return { data, alignment: 4, fixed: true };
}

export function uint64BE(value: bigint): Variant {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(value);
  return { data, alignment: 8, fixed: true };
}

export function uint64LE(value: bigint): Variant {
  const data = Buffer.alloc(8);
  data.writeBigUInt64LE(value);
  return { data, alignment: 8, fixed: true };
}

/** A value of type `v`: the value, a zero, its type string. */
export function boxed(value: Variant, type: string): Variant {
  return { data: Buffer.concat([value.data, Buffer.from(`\0${type}`)]), alignment: 8, fixed: false };
}

/** A tuple or dictionary entry with at least one member of variable size. */
export function tuple(...members: readonly Variant[]): Variant {
  const { parts, ends, size, alignment } = lay(members);
  const offsets = ends.filter((_, index) => index < members.length - 1 && members[index]?.fixed === false);
  return { data: withOffsets(parts, size, offsets.toReversed()), alignment, fixed: false };
}

/** An array whose elements are of variable size. */
export function array(elements: readonly Variant[], alignment: 1 | 8 = 1): Variant {
  const { parts, ends, size } = lay(elements);
  return { data: withOffsets(parts, size, ends), alignment, fixed: false };
}

function lay(members: readonly Variant[]): {
  readonly parts: Buffer[];
  readonly ends: number[];
  readonly size: number;
  readonly alignment: 1 | 4 | 8;
} {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let size = 0;
  let alignment: 1 | 4 | 8 = 1;
  for (const member of members) {
    const padding = -size & (member.alignment - 1);
    if (padding > 0) parts.push(Buffer.alloc(padding));
    parts.push(member.data);
    size += padding + member.data.length;
    ends.push(size);
    if (member.alignment > alignment) alignment = member.alignment;
  }
  return { parts, ends, size, alignment };
}

function withOffsets(parts: readonly Buffer[], size: number, offsets: readonly number[]): Buffer {
  const width = offsetWidth(size, offsets.length);
  const table = Buffer.alloc(width * offsets.length);
  for (const [index, offset] of offsets.entries()) table.writeUIntLE(offset, index * width, width);
  return Buffer.concat([...parts, table]);
}

function offsetWidth(size: number, count: number): 1 | 2 | 4 {
  if (size + count <= 0xff) return 1;
  return size + 2 * count <= 0xffff ? 2 : 4;
}

/** The elements of a serialised array whose elements are of variable size. */
export function readArray(data: Buffer, alignment: 1 | 8 = 1): readonly Buffer[] {
  if (data.length === 0) return [];
  const width = readWidth(data);
  const tableStart = readOffset(data, data.length - width, width);
  const count = (data.length - tableStart) / width;
  if (!Number.isInteger(count)) throw new RangeError("bad array framing");
  const elements: Buffer[] = [];
  let start = 0;
  for (let index = 0; index < count; index++) {
    start += -start & (alignment - 1);
    const end = readOffset(data, tableStart + index * width, width);
    if (end < start || end > tableStart) throw new RangeError("bad array framing");
    elements.push(data.subarray(start, end));
    start = end;
  }
  return elements;
}

/**
 * The members of a serialised tuple. `shape` lists them: the size of a fixed one and its alignment,
 * or the alignment of one of variable size.
 */
export function readTuple(
  data: Buffer,
  shape: readonly { readonly size?: number; readonly alignment: 1 | 4 | 8 }[],
): readonly Buffer[] {
  const width = readWidth(data);
  const variable = shape.filter((member, index) => member.size === undefined && index < shape.length - 1);
  let nextOffset = data.length;
  const members: Buffer[] = [];
  let start = 0;
  for (const [index, member] of shape.entries()) {
    start += -start & (member.alignment - 1);
    let end: number;
    if (member.size !== undefined) end = start + member.size;
    else if (index === shape.length - 1) end = data.length - variable.length * width;
    else {
      nextOffset -= width;
      end = readOffset(data, nextOffset, width);
    }
    if (end < start || end > data.length) throw new RangeError("bad tuple framing");
    members.push(data.subarray(start, end));
    start = end;
  }
  return members;
}

/** The text of a serialised string. */
export function readText(data: Buffer): string {
  return data.toString("utf8", 0, Math.max(0, data.length - 1));
}

function readWidth(data: Buffer): 1 | 2 | 4 {
  if (data.length <= 0xff) return 1;
  return data.length <= 0xffff ? 2 : 4;
}

function readOffset(data: Buffer, at: number, width: number): number {
  if (at < 0 || at + width > data.length) throw new RangeError("bad framing");
  return data.readUIntLE(at, width);
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
