import { crc32 } from "node:zlib";
import { type BitWriter, newBitWriter } from "./bit-writer.ts";
import { buildCode, codedLength, type PrefixCode, reverseBits } from "./deflate-codes.ts";
import { describeCodes } from "./deflate-header.ts";
import { findTokens, matchFlag, type TokenBlock } from "./deflate-matches.ts";

/** The gzip stream that Go's compressor at level 9 makes of some bytes, bit for bit. RFC 1951 and 1952. */
export function goGzip(bytes: Uint8Array): Uint8Array {
  const writer = newBitWriter(bytes.length);
  writer.bytes(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff));
  for (const block of findTokens(bytes)) writeBlock(writer, block);
  writeStoredHeader(writer, 0, true);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes) >>> 0, 0);
  trailer.writeUInt32LE(bytes.length >>> 0, 4);
  writer.bytes(trailer);
  return writer.result();
}

const literalSymbols = 286;
const distanceSymbols = 30;
const endOfBlock = 256;
const firstLength = 257;
const largestStored = 65_535;

// Extra bits and first value of the codes for lengths (less three) and distances (less one).
const lengthExtra = Array.from({ length: 29 }, (_, code) => (code < 8 || code === 28 ? 0 : (code >> 2) - 1));
const lengthBase = Array.from({ length: 29 }, (_, code) =>
  code < 8 ? code : code === 28 ? 255 : (4 + (code & 3)) << ((code >> 2) - 1),
);
const distanceExtra = Array.from({ length: 30 }, (_, code) => (code < 4 ? 0 : (code >> 1) - 1));
const distanceBase = Array.from({ length: 30 }, (_, code) =>
  code < 4 ? code : (2 + (code & 1)) << ((code >> 1) - 1),
);

const lengthCodes = Uint8Array.from({ length: 256 }, (_, value) =>
  lengthBase.findLastIndex((base) => base <= value),
);

function distanceCode(value: number): number {
  if (value < 4) return value;
  const high = 31 - Math.clz32(value);
  return 2 * high + ((value >> (high - 1)) & 1);
}

const fixedLiterals: PrefixCode = {
  bits: Uint16Array.from({ length: literalSymbols }, (_, symbol) =>
    symbol < 144
      ? reverseBits(symbol + 48, 8)
      : symbol < 256
        ? reverseBits(symbol + 256, 9)
        : symbol < 280
          ? reverseBits(symbol - 256, 7)
          : reverseBits(symbol - 88, 8),
  ),
  lengths: Uint8Array.from({ length: literalSymbols }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  ),
};
const fixedDistances: PrefixCode = {
  bits: Uint16Array.from({ length: distanceSymbols }, (_, symbol) => reverseBits(symbol, 5)),
  lengths: new Uint8Array(distanceSymbols).fill(5),
};

interface Frequencies {
  readonly literals: Int32Array;
  readonly distances: Int32Array;
  readonly extraBits: number;
}

function countSymbols(tokens: Uint32Array): Frequencies {
  const literals = new Int32Array(literalSymbols);
  const distances = new Int32Array(distanceSymbols);
  let extraBits = 0;
  const count = (table: Int32Array, symbol: number): void => {
    table[symbol] = (table[symbol] as number) + 1;
  };
  count(literals, endOfBlock);
  for (const token of tokens) {
    if (token < matchFlag) count(literals, token);
    else {
      const length = lengthCodes[(token >>> 22) & 0xff] as number;
      const distance = distanceCode(token & 0x3f_ffff);
      count(literals, firstLength + length);
      count(distances, distance);
      extraBits += (lengthExtra[length] as number) + (distanceExtra[distance] as number);
    }
  }
  // A block without a match still needs one word for distances.
  if (distances.every((frequency) => frequency === 0)) distances[0] = 1;
  return { literals, distances, extraBits };
}

function writeBlock(writer: BitWriter, { tokens, bytes }: TokenBlock): void {
  const { literals, distances, extraBits } = countSymbols(tokens);
  const literalCode = buildCode(literals, 15);
  const distanceCodes = buildCode(distances, 15);
  const header = describeCodes(literalCode, distanceCodes, usedSymbols(literals), usedSymbols(distances));
  const body = codedLength(literalCode, literals) + codedLength(distanceCodes, distances) + extraBits;
  const dynamicSize = header.size + body;
  const fixedSize =
    3 + codedLength(fixedLiterals, literals) + codedLength(fixedDistances, distances) + extraBits;
  const smallest = Math.min(dynamicSize, fixedSize);
  if (bytes !== undefined && bytes.length <= largestStored && (bytes.length + 5) * 8 < smallest) {
    writeStoredHeader(writer, bytes.length, false);
    writer.bytes(bytes);
  } else if (dynamicSize < fixedSize) {
    header.write(writer);
    writeTokens(writer, tokens, literalCode, distanceCodes);
  } else {
    writer.bits(2, 3);
    writeTokens(writer, tokens, fixedLiterals, fixedDistances);
  }
}

function usedSymbols(frequencies: Int32Array): number {
  return frequencies.findLastIndex((frequency) => frequency !== 0) + 1;
}

function writeStoredHeader(writer: BitWriter, length: number, last: boolean): void {
  writer.bits(last ? 1 : 0, 3);
  writer.align();
  writer.bits(length, 16);
  writer.bits(~length & 0xffff, 16);
}

function writeTokens(
  writer: BitWriter,
  tokens: Uint32Array,
  literals: PrefixCode,
  distances: PrefixCode,
): void {
  const put = (code: PrefixCode, symbol: number): void =>
    writer.bits(code.bits[symbol] as number, code.lengths[symbol] as number);
  for (const token of tokens) {
    if (token < matchFlag) {
      put(literals, token);
      continue;
    }
    const length = (token >>> 22) & 0xff;
    const lengthSymbol = lengthCodes[length] as number;
    put(literals, firstLength + lengthSymbol);
    writer.bits(length - (lengthBase[lengthSymbol] as number), lengthExtra[lengthSymbol] as number);
    const distance = token & 0x3f_ffff;
    const symbol = distanceCode(distance);
    put(distances, symbol);
    writer.bits(distance - (distanceBase[symbol] as number), distanceExtra[symbol] as number);
  }
  put(literals, endOfBlock);
}
