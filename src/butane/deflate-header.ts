import type { BitWriter } from "./bit-writer.ts";
import { buildCode, codedLength, type PrefixCode } from "./deflate-codes.ts";

/** The header of a block that has codes of its own. */
export interface CodeHeader {
  readonly size: number;
  readonly write: (writer: BitWriter) => void;
}

const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const repeatBits: Readonly<Record<number, number>> = { 16: 2, 17: 3, 18: 7 };

/** The header of a block with codes of its own: their lengths, repeated ones packed, in a code of their own. */
export function describeCodes(
  literalCode: PrefixCode,
  distanceCodes: PrefixCode,
  literals: number,
  distances: number,
): CodeHeader {
  const lengths = new Uint8Array(literals + distances);
  lengths.set(literalCode.lengths.subarray(0, literals));
  lengths.set(distanceCodes.lengths.subarray(0, distances), literals);
  const packed = packLengths(lengths);
  const frequencies = new Int32Array(19);
  for (const [symbol] of packed) frequencies[symbol] = (frequencies[symbol] as number) + 1;
  const code = buildCode(frequencies, 7);
  let used = codeLengthOrder.length;
  while (used > 4 && frequencies[codeLengthOrder[used - 1] as number] === 0) used--;
  const repeats = packed.reduce((total, [symbol]) => total + (repeatBits[symbol] ?? 0), 0);
  return {
    size: 3 + 5 + 5 + 4 + 3 * used + codedLength(code, frequencies) + repeats,
    write: (writer) => {
      writer.bits(4, 3);
      writer.bits(literals - 257, 5);
      writer.bits(distances - 1, 5);
      writer.bits(used - 4, 4);
      for (const symbol of codeLengthOrder.slice(0, used)) writer.bits(code.lengths[symbol] as number, 3);
      for (const [symbol, repeat] of packed) {
        writer.bits(code.bits[symbol] as number, code.lengths[symbol] as number);
        writer.bits(repeat, repeatBits[symbol] ?? 0);
      }
    },
  };
}

/** Runs of equal lengths as symbols 16 (the last one, 3 to 6 times), 17 and 18 (zero, 3 to 10 and 11 to 138 times). */
function packLengths(lengths: Uint8Array): readonly (readonly [symbol: number, repeat: number])[] {
  const packed: (readonly [number, number])[] = [];
  for (let start = 0; start < lengths.length; ) {
    const length = lengths[start] as number;
    let end = start;
    while (end < lengths.length && lengths[end] === length) end++;
    let left = end - start;
    start = end;
    if (length === 0) {
      for (; left >= 11; left -= Math.min(left, 138)) packed.push([18, Math.min(left, 138) - 11]);
      if (left >= 3) {
        packed.push([17, left - 3]);
        left = 0;
      }
    } else {
      packed.push([length, 0]);
      left--;
      for (; left >= 3; left -= Math.min(left, 6)) packed.push([16, Math.min(left, 6) - 3]);
    }
    for (; left > 0; left--) packed.push([length, 0]);
  }
  return packed;
}
