/** Bits in the order of deflate: the lowest first. */
export interface BitWriter {
  readonly bits: (value: number, count: number) => void;
  /** Fills up the last byte with zeros. */
  readonly align: () => void;
  readonly bytes: (bytes: Uint8Array) => void;
  readonly result: () => Uint8Array;
}

/** A writer with room for `expected` bytes; it grows when that is not enough. */
export function newBitWriter(expected: number): BitWriter {
  let out = new Uint8Array(expected + 1024);
  let size = 0;
  let held = 0;
  let heldBits = 0;
  const reserve = (more: number): void => {
    if (size + more <= out.length) return;
    const larger = new Uint8Array(Math.max(2 * out.length, size + more));
    larger.set(out);
    out = larger;
  };
  const bits = (value: number, count: number): void => {
    held |= value << heldBits;
    heldBits += count;
    reserve(4);
    for (; heldBits >= 8; heldBits -= 8) {
      out[size++] = held & 0xff;
      held >>>= 8;
    }
  };
  const align = (): void => bits(0, (8 - (heldBits % 8)) % 8);
  return {
    bits,
    align,
    bytes: (more) => {
      align();
      reserve(more.length);
      out.set(more, size);
      size += more.length;
    },
    result: () => out.slice(0, size),
  };
}
