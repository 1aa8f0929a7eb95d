import type { Context } from "../core/context.ts";
import type { LockedAmi, LockedBuild, PackerOutputs } from "../lock/schema.ts";
import { mergeAmis } from "./publish-record.ts";
import { recordOutputsWithin } from "./record-outputs.ts";
import type { CommittedProject } from "./render-packer.ts";

/** Records what Packer made, by a caller that has the project to itself. What an earlier run recorded of the other source stays. */
export function recordPacker(
  context: Context,
  committed: CommittedProject,
  outputs: PackerOutputs,
  amis: readonly LockedAmi[],
): Promise<boolean> {
  return recordOutputsWithin(context, committed, "packer", (record): LockedBuild => {
    const published = amis.length === 0 ? {} : { amis: mergeAmis(record.amis ?? [], amis) };
    return { ...record, ...published, packer: { ...record.packer, ...outputs } };
  });
}
