/**
 * The first half of deflate: bytes as literals and matches. The search is that of Go's compressor at level 9, because
 * whether Butane compresses a file at all depends on the length that this very search leads to.
 */

const windowSize = 1 << 15;
const windowMask = windowSize - 1;
const shortestMatch = 4;
const longestMatch = 258;
/** A match of the shortest length costs more than it saves when it is farther away than this. */
const shortMatchReach = 4096;
const longestChain = 4096;
const largeHashBits = 17;
const smallHashBits = 10;
const tokensPerBlock = 1 << 14;
const lookAhead = shortestMatch + longestMatch;

/** A run of literals and matches that is written with one pair of codes. */
export interface TokenBlock {
  /** A literal as its byte; a match as 2^30 + (length − 3) · 2^22 + (distance − 1). */
  readonly tokens: Uint32Array;
  /** The bytes themselves, while the compressor still has them. */
  readonly bytes: Uint8Array | undefined;
}

export const matchFlag = 2 ** 30;

interface Search {
  readonly bytes: Uint8Array;
  readonly hashBits: number;
  /** Last position of each hash, plus one. */
  readonly heads: Int32Array;
  /** Position before, with the same hash, plus one. */
  readonly previous: Int32Array;
}

/**
 * Configs hold thousands of small texts, so their tables are small too. Fewer hashes mean longer chains, which changes
 * nothing as long as a chain cannot be cut off: a wrong candidate never makes a match.
 */
function newSearch(bytes: Uint8Array): Search {
  const small = bytes.length <= longestChain;
  const hashBits = small ? smallHashBits : largeHashBits;
  const previous = new Int32Array(small ? bytes.length : windowSize);
  return { bytes, hashBits, heads: new Int32Array(1 << hashBits), previous };
}

/** The token blocks of some bytes. */
export function findTokens(bytes: Uint8Array): readonly TokenBlock[] {
  const search = newSearch(bytes);
  const lastInsert = bytes.length - (shortestMatch - 1);
  const blocks: TokenBlock[] = [];
  let tokens = new Uint32Array(Math.min(tokensPerBlock, bytes.length));
  let count = 0;
  let base = 0;
  let blockStart = 0;
  let index = 0;
  let length = shortestMatch - 1;
  let distance = 0;
  let pending = false;
  const emit = (token: number): void => {
    tokens[count++] = token;
    if (count === tokensPerBlock) endBlock();
  };
  const endBlock = (): void => {
    const known = blockStart <= index;
    blocks.push({
      tokens: tokens.subarray(0, count),
      bytes: known ? bytes.subarray(blockStart, index) : undefined,
    });
    blockStart = index;
    tokens = new Uint32Array(Math.min(tokensPerBlock, bytes.length - index + 1));
    count = 0;
  };
  for (;;) {
    // The window holds 64 KiB and moves on by half when less than the longest match is left; what falls out is forgotten.
    const windowEnd = Math.min(bytes.length, base + 2 * windowSize);
    if (windowEnd - index < lookAhead && windowEnd < bytes.length) {
      if (blockStart - base < windowSize) blockStart = Number.POSITIVE_INFINITY;
      base += windowSize;
      continue;
    }
    const left = bytes.length - index;
    if (left === 0) break;
    const head = index < lastInsert ? insert(search, index) : -1;
    const lastLength = length;
    const lastDistance = distance;
    length = shortestMatch - 1;
    distance = 0;
    const oldest = Math.max(base, index - windowSize);
    if (head >= oldest && left > lastLength && lastLength < longestMatch) {
      const found = findMatch(search, index, head, left, base);
      length = found >>> 16;
      distance = length === 0 ? 0 : (found & 0xffff) + 1;
      if (length === 0) length = shortestMatch - 1;
    }
    if (lastLength >= shortestMatch && length <= lastLength) {
      const next = index + lastLength - 1;
      for (let at = index + 1; at < next; at++) if (at < lastInsert) insert(search, at);
      index = next;
      pending = false;
      length = shortestMatch - 1;
      emit(matchFlag + (lastLength - 3) * 2 ** 22 + (lastDistance - 1));
    } else {
      if (pending) emit(bytes[index - 1] as number);
      index++;
      pending = true;
    }
  }
  if (pending) {
    tokens[count++] = bytes[index - 1] as number;
  }
  if (count > 0) endBlock();
  return blocks;
}

/** Notes a position under its hash and returns the one before it, -1 when there is none. */
function insert({ bytes, hashBits, heads, previous }: Search, at: number): number {
  const four =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number);
  const hash = Math.imul(four, 0x1e35a7bd) >>> (32 - hashBits);
  const head = heads[hash] as number;
  previous[at & windowMask] = head;
  heads[hash] = at + 1;
  return head - 1;
}

/** The longest match, as length · 2^16 + distance − 1; 0 when there is none. */
function findMatch(
  { bytes, previous }: Search,
  at: number,
  head: number,
  left: number,
  base: number,
): number {
  const limit = Math.min(longestMatch, left);
  const oldest = at - windowSize;
  let length = shortestMatch - 1;
  let distance = 0;
  let candidate = head;
  let end = bytes[at + length] as number;
  for (let tries = longestChain; tries > 0; tries--) {
    if (end === bytes[candidate + length]) {
      let same = 0;
      while (same < limit && bytes[candidate + same] === bytes[at + same]) same++;
      if (same > length && (same > shortestMatch || at - candidate <= shortMatchReach)) {
        length = same;
        distance = at - candidate;
        if (same >= limit) break;
        end = bytes[at + same] as number;
      }
    }
    if (candidate === oldest) break;
    candidate = (previous[candidate & windowMask] as number) - 1;
    if (candidate < oldest || candidate < base) break;
  }
  return distance === 0 ? 0 : length * 2 ** 16 + distance - 1;
}
