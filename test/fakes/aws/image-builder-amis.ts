import { date } from "./image-builder-rules.ts";
import type { BuilderImage } from "./image-builder-state.ts";
import type { Call } from "./service.ts";
import type { World } from "./world.ts";

/** The AMIs of the regions that distribution reached. */
export function makeImages(world: World, image: BuilderImage, call: Call): void {
  for (const { region = "", amiDistributionConfiguration: ami } of image.distributions) {
    if (image.amis.has(region) || region === image.failure?.region) continue;
    const snapshotId = world.newId("snap");
    const tags = new Map(Object.entries(ami?.amiTags ?? {}));
    const id = world.newId("ami");
    world.snapshots.set(snapshotId, {
      id: snapshotId,
      region,
      account: call.account,
      volumeGiB: 8,
      description: `Created by Image Builder for ${image.arn}`,
      tags,
      encrypted: ami?.kmsKeyId !== undefined,
      kmsKeyId: ami?.kmsKeyId,
      parent: undefined,
      startedAt: call.now,
      expiresAt: Number.POSITIVE_INFINITY,
      completedAt: call.now,
      failed: false,
      blocks: new Map(),
    });
    world.images.set(id, {
      id,
      region,
      account: call.account,
      name: (ami?.name ?? image.arn.split("/")[1] ?? "").replace(
        /\{\{.*\}\}/u,
        date(call.now).replaceAll(":", "-"),
      ),
      description: ami?.description ?? "",
      tags,
      createdAt: call.now,
      availableAt: call.now,
      failure: undefined,
      snapshotId,
      fixed: { RootDeviceName: "/dev/xvda", Architecture: "x86_64", VirtualizationType: "hvm" },
      mapping: { VolumeSize: 8 },
      source: undefined,
      permissions: (ami?.launchPermission?.userIds ?? []).map((UserId) => ({ UserId })),
      deregisteredAt: undefined,
      deprecateAt: undefined,
      protection: "disabled",
      disabled: false,
    });
    image.amis.set(region, id);
  }
}
