import { isUtf8 } from "node:buffer";
import type { Refuse } from "./tar-entry.ts";

export const blockSize = 512;

/** How many bytes follow a body of this size before the next block starts. */
export function padding(size: number): number {
  return -size & (blockSize - 1);
}

/** A raw header block, with its numbers read and its checksum verified. */
export interface TarHeader {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly format: "v7" | "ustar" | "gnu";
}

/** Reads one header block. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
export function parseHeader(block: Buffer, refuse: Refuse): TarHeader {
  verifyChecksum(block, refuse);
  const magic = block.toString("latin1", 257, 265);
  const format = magic === "ustar\x0000" ? "ustar" : magic === "ustar  \0" ? "gnu" : "v7";
  const shortName = readName(block, 0, 100, refuse);
  const isStar = format === "ustar" && block.toString("latin1", 508, 512) === "tar\0";
  const prefix = format === "ustar" ? readName(block, 345, isStar ? 131 : 155, refuse) : "";
  const name = prefix === "" ? shortName : `${prefix}/${shortName}`;
  const numberAt = (field: string, at: number, length: number): number => {
    const value = parseNumber(block.subarray(at, at + length));
    if (value === undefined) throw refuse(name, `its header has no readable ${field}`);
    return value;
  };
  return {
    type: String.fromCharCode(block[156] ?? 0),
    name,
    linkName: readName(block, 157, 100, refuse),
    mode: numberAt("mode", 100, 8) & 0o7777,
    uid: numberAt("uid", 108, 8),
    gid: numberAt("gid", 116, 8),
    size: numberAt("size", 124, 12),
    format,
  };
}

function verifyChecksum(block: Buffer, refuse: Refuse): void {
  // The field itself counts as blanks.
  let unsigned = 8 * 0x20;
  for (let index = 0; index < 148; index++) unsigned += block[index] ?? 0;
  for (let index = 156; index < blockSize; index++) unsigned += block[index] ?? 0;
  const written = parseNumber(block.subarray(148, 156));
  if (written !== unsigned && written !== unsigned - 256 * countHigh(block))
    throw refuse(undefined, "a header has the wrong checksum");
}

/** Bytes that some old programs added up as negative ones. */
function countHigh(block: Buffer): number {
  return block.reduce((sum, byte, index) => sum + (byte > 127 && (index < 148 || index >= 156) ? 1 : 0), 0);
}

/** Octal digits, or base 256 when the first bit is set. Undefined when it is neither, negative or beyond 2^53. */
export function parseNumber(field: Buffer): number | undefined {
  const first = field[0] ?? 0;
  if (first >= 0x80) {
    if (first !== 0x80) return undefined;
    let value = 0;
    for (const byte of field.subarray(1)) {
      value = value * 256 + byte;
      if (value > Number.MAX_SAFE_INTEGER) return undefined;
    }
    return value;
  }
  const plain = parseOctal(field);
  if (plain !== undefined) return plain;
  const digits = field.toString("latin1").replaceAll(/^[ \0]+|[ \0]+$/gu, "");
  if (digits === "") return 0;
  return /^[0-7]+$/u.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** The way in which nearly all are written: digits, then one zero or blank at the end. */
function parseOctal(field: Buffer): number | undefined {
  let value = 0;
  const last = field.length - 1;
  for (let index = 0; index < last; index++) {
    const digit = (field[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return field[last] === 0 || field[last] === 0x20 ? value : undefined;
}

function readName(block: Buffer, at: number, length: number, refuse: Refuse): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeName(end < 0 ? field : field.subarray(0, end), refuse);
}

/** OSTree holds names in UTF-8 only. */
export function decodeName(bytes: Buffer, refuse: Refuse): string {
  if (!isUtf8(bytes)) throw refuse(bytes.toString("latin1"), "its name or link target is not UTF-8");
  return bytes.toString("utf8");
}
