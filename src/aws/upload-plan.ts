import { createHash } from "node:crypto";
import { type BlockMap, blockDigest, blockSize } from "./block-map.ts";

/** Which blocks must travel so that a snapshot holds a disk. */
export interface UploadPlan {
  readonly total: number;
  readonly nonZero: number;
  readonly changed: number;
  /** Block indexes in ascending order. */
  readonly send: readonly number[];
  /** base64 sha256 over the digests of the sent blocks in order of their index, as CompleteSnapshot wants it. */
  readonly aggregate: string;
}

const zeroBlockDigest = blockDigest(Buffer.alloc(blockSize));

/** The sha256 that goes with a block on the wire; a block of zeros travels only to cover a parent's. */
export function wireDigest(map: BlockMap, index: number): Buffer {
  return map.digestOf(index) ?? zeroBlockDigest;
}

/** With a parent, the blocks that differ from it, zeros over data included; without one, all blocks that are not zero. */
export function planUpload(map: BlockMap, parent?: BlockMap): UploadPlan {
  const send: number[] = [];
  const aggregate = createHash("sha256");
  let nonZero = 0;
  const count = Math.max(map.count, parent?.count ?? 0);
  for (let index = 0; index < count; index++) {
    const now = map.digestOf(index);
    if (now !== undefined) nonZero++;
    const before = parent?.digestOf(index);
    const same = now === undefined || before === undefined ? now === before : now.equals(before);
    if (same) continue;
    send.push(index);
    aggregate.update(wireDigest(map, index));
  }
  return { total: map.count, nonZero, changed: send.length, send, aggregate: aggregate.digest("base64") };
}

/** The size of the volume that holds a disk, in GiB. */
export function volumeGiB(map: BlockMap): number {
  return Math.max(1, Math.ceil(map.size / 2 ** 30));
}
