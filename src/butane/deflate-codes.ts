/** A prefix code: for each symbol its bits, reversed as deflate writes them, and their number. */
export interface PrefixCode {
  readonly bits: Uint16Array;
  readonly lengths: Uint8Array;
}

const never = 0x7fff_ffff;

interface Leaf {
  readonly symbol: number;
  readonly frequency: number;
}

/** The best prefix code for some frequencies with no word longer than `limit`. */
export function buildCode(frequencies: Int32Array, limit: number): PrefixCode {
  const code = { bits: new Uint16Array(frequencies.length), lengths: new Uint8Array(frequencies.length) };
  const leaves: Leaf[] = [];
  for (let symbol = 0; symbol < frequencies.length; symbol++) {
    const frequency = frequencies[symbol] as number;
    if (frequency !== 0) leaves.push({ symbol, frequency });
  }
  if (leaves.length <= 2) {
    for (const [bits, { symbol }] of leaves.entries()) {
      code.bits[symbol] = bits;
      code.lengths[symbol] = 1;
    }
    return code;
  }
  leaves.sort((a, b) => a.frequency - b.frequency || a.symbol - b.symbol);
  assign(code, leaves, countLengths(leaves, limit));
  return code;
}

interface Level {
  last: number;
  nextLeaf: number;
  nextPair: number;
  needed: number;
  /** How many leaves each shorter level has put into this one. */
  readonly leaves: Int32Array;
}

/**
 * How many words of each length: the package-merge method in its lazy form, which makes one package at a time and only
 * when the level above wants it. Ties go to the pair, as in Go.
 */
function countLengths(sorted: readonly Leaf[], limit: number): number[] {
  const count = sorted.length;
  const frequencyOf = (index: number): number => sorted[index]?.frequency ?? never;
  const depth = Math.min(limit, count - 1);
  const levels = Array.from({ length: depth + 2 }, (_, level): Level => {
    const leaves = new Int32Array(depth + 2);
    leaves[level] = 2;
    const nextPair = level === 1 ? never : frequencyOf(0) + frequencyOf(1);
    return { last: frequencyOf(1), nextLeaf: frequencyOf(2), nextPair, needed: 0, leaves };
  });
  const at = (level: number): Level => levels[level] as Level;
  at(0).needed = 0;
  at(depth).needed = 2 * count - 4;
  for (let level = depth; ; ) {
    const here = at(level);
    if (here.nextPair === never && here.nextLeaf === never) {
      here.needed = 0;
      at(level + 1).nextPair = never;
      level++;
      continue;
    }
    const before = here.last;
    if (here.nextLeaf < here.nextPair) {
      const taken = (here.leaves[level] as number) + 1;
      here.last = here.nextLeaf;
      here.leaves[level] = taken;
      here.nextLeaf = frequencyOf(taken);
    } else {
      here.last = here.nextPair;
      here.leaves.set(at(level - 1).leaves.subarray(0, level));
      at(level - 1).needed = 2;
    }
    if (--here.needed > 0) {
      while (at(level - 1).needed > 0) level--;
      continue;
    }
    if (level === depth) break;
    at(level + 1).nextPair = before + here.last;
    level++;
  }
  const { leaves } = at(depth);
  return Array.from({ length: depth }, (_, index) => {
    const level = depth - index;
    return (leaves[level] as number) - (leaves[level - 1] as number);
  });
}

function assign(code: PrefixCode, sorted: readonly Leaf[], counts: readonly number[]): void {
  let word = 0;
  let end = sorted.length;
  for (const [index, count] of counts.entries()) {
    word <<= 1;
    const length = index + 1;
    const chunk = sorted.slice(end - count, end).toSorted((a, b) => a.symbol - b.symbol);
    for (const { symbol } of chunk) {
      code.bits[symbol] = reverseBits(word++, length);
      code.lengths[symbol] = length;
    }
    end -= count;
  }
}

export function reverseBits(word: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed |= ((word >> bit) & 1) << (length - 1 - bit);
  return reversed;
}

/** Bits that a text of these frequencies takes. */
export function codedLength({ lengths }: PrefixCode, frequencies: Int32Array): number {
  let total = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++)
    total += (frequencies[symbol] as number) * (lengths[symbol] ?? 0);
  return total;
}
