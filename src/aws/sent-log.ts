import { type BlockMap } from "./block-map.ts";
import { wireDigest } from "./upload-plan.ts";
import { findBytesOf } from "../host/random-file.ts";

/**
 * Which blocks a snapshot has taken, one record of eight bytes each: index and the start of the digest. A record is
 * written after the block was acknowledged. A lost one only costs sending that block again, so none is flushed.
 */
const recordLength = 8;

export function sentRecord(map: BlockMap, index: number): Buffer {
  const record = Buffer.alloc(recordLength);
  record.writeUInt32LE(index, 0);
  wireDigest(map, index).copy(record, 4, 0, 4);
  return record;
}

/** The blocks that a log names; torn and foreign records are passed over. */
export async function readSentLog(path: string, map: BlockMap): Promise<ReadonlySet<number>> {
  const bytes = (await findBytesOf(path)) ?? Buffer.alloc(0);
  const sent = new Set<number>();
  for (let at = 0; at + recordLength <= bytes.length; at += recordLength) {
    const index = bytes.readUInt32LE(at);
    if (bytes.subarray(at, at + recordLength).equals(sentRecord(map, index))) sent.add(index);
  }
  return sent;
}
