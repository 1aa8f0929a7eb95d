import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import type { ImageBuilderAmi } from "./image-builder-publish.ts";
import { snapshotsOf } from "./inventory.ts";
import { needed } from "./needed.ts";
import { findImage, seenSoon } from "./waits.ts";

/** Reads back what another program made: whose it is, its snapshot, and whether that is encrypted. */
export async function describeAmis(
  context: Context,
  aws: Aws,
  amis: readonly { readonly region: string; readonly amiId: string }[],
): Promise<readonly ImageBuilderAmi[]> {
  return Promise.all(
    amis.map(async ({ region, amiId }) => {
      const image = await seenSoon(context, aws, () => findImage(aws, region, amiId));
      if (image === undefined) {
        throw new IgneousError("image-not-found", `${amiId} in ${region} cannot be found after it was made`);
      }
      return {
        account: needed(image.OwnerId),
        region,
        amiId,
        snapshotId: needed(snapshotsOf(image)[0]),
        encrypted: image.BlockDeviceMappings?.[0]?.Ebs?.Encrypted === true,
      };
    }),
  );
}
