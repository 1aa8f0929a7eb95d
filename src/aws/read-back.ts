import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import type { Aws, EbsApi } from "./apis.ts";
import { type BlockMap, blockDigest, blockSize, isZero } from "./block-map.ts";
import { awsErrorCode } from "./failure.ts";
import type { Differs } from "./remote-check.ts";

const inFlight = 64;
const attempts = 5;

/**
 * Compares every block of a snapshot with the digests of the disk; a block that the snapshot does not list holds
 * zeros. Returns how many blocks were read.
 */
export async function readBackSnapshot(
  context: Context,
  aws: Aws,
  region: string,
  snapshotId: string,
  map: BlockMap,
  differs: Differs,
): Promise<number> {
  const ebs = await aws.ebs(region);
  const listed = new Set<number>();
  let token: { readonly NextToken?: string } = {};
  try {
    for (;;) {
      const page = await ebs.listSnapshotBlocks({ SnapshotId: snapshotId, MaxResults: 10_000, ...token });
      const blocks = page.Blocks ?? [];
      await mapLimit(blocks, inFlight, async ({ BlockIndex: index = 0, BlockToken = "" }) => {
        context.signal.throwIfAborted();
        listed.add(index);
        const block = await readBlock(context, aws, ebs, snapshotId, index, BlockToken);
        const wanted = map.digestOf(index);
        const same = wanted === undefined ? isZero(block) : blockDigest(block).equals(wanted);
        if (!same)
          differs(`block ${index}`, wanted?.toString("hex") ?? "zeros", blockDigest(block).toString("hex"));
      });
      if (page.NextToken === undefined) break;
      token = { NextToken: page.NextToken };
    }
  } catch (error) {
    if (awsErrorCode(error) !== "ResourceNotFoundException") throw error;
    differs("snapshot", snapshotId, "missing");
    return listed.size;
  }
  for (let index = 0; index < map.count; index++) {
    const wanted = map.digestOf(index);
    if (wanted !== undefined && !listed.has(index))
      differs(`block ${index}`, wanted.toString("hex"), "zeros");
  }
  return listed.size;
}

/** A body that was cut short arrives without an error, so its length and checksum are looked at here. */
async function readBlock(
  context: Context,
  aws: Aws,
  ebs: EbsApi,
  snapshotId: string,
  index: number,
  token: string,
): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    const answer = await ebs.getSnapshotBlock({
      SnapshotId: snapshotId,
      BlockIndex: index,
      BlockToken: token,
    });
    const block = await answer.BlockData?.transformToByteArray().catch(() => undefined);
    const whole = block !== undefined && block.length === blockSize;
    if (whole && blockDigest(block).toString("base64") === answer.Checksum) return block;
    if (tries >= attempts) {
      throw new IgneousError("aws-failed", `block ${index} of ${snapshotId} arrived damaged ${tries} times`, {
        hint: "check the network, then run the same command again",
      });
    }
    await aws.clock.sleep(500 * tries, context.signal);
  }
}
