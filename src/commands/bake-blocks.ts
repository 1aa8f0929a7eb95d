import { readBlockMap } from "../aws/block-map.ts";
import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { BuildState } from "./build-folder.ts";

/** The digests that say later what changed, while the disk is still in memory. */
export async function digestBlocks(context: Context, { folder }: BakePlan, state: BuildState): Promise<void> {
  await runStep(context, "blocks", "digest the disk's blocks", async () => {
    const map = await readBlockMap(context, folder.path, { path: folder.disk, sha256: state.disk.sha256 });
    return { value: map, note: `${map.count} of 512 KiB` };
  });
}
