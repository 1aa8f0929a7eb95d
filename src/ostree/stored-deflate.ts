/**
 * Raw deflate without compression (RFC 1951, 3.2.4): what an archive repo asks for around its content, at the price of
 * five bytes per block. Any inflater reads it.
 */
const blockLimit = 0xffff;

/** Wraps bytes into stored blocks that are not the last. The bytes are not copied. */
export function storedBlocks(data: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += blockLimit) {
    const block = data.subarray(at, at + blockLimit);
    parts.push(
      Uint8Array.of(
        0,
        block.length & 0xff,
        block.length >> 8,
        ~block.length & 0xff,
        (~block.length >> 8) & 0xff,
      ),
    );
    parts.push(block);
  }
  return parts;
}

/** The empty last block. */
export const storedEnd: Uint8Array = Uint8Array.of(1, 0, 0, 0xff, 0xff);
