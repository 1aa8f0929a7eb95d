import type { Image } from "@aws-sdk/client-ec2";
import type { Context } from "../core/context.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import type { Aws } from "./apis.ts";
import type { BlockMap } from "./block-map.ts";
import { deprecationTime, imageAttributes, launchPermissions, permissionKey } from "./image-input.ts";
import { snapshotsOf } from "./inventory.ts";
import { type PublishBuild, type PublishedAmi, tagNames } from "./publish-types.ts";
import { readBackSnapshot } from "./read-back.ts";
import { findParameter, sameMinute } from "./settle.ts";
import { findImage } from "./waits.ts";

/** Each keeps 64 blocks in memory. */
const regionsAtOnce = 2;

/** One way in which what is in AWS is not what was published. */
export interface RemoteDrift {
  readonly region: string;
  readonly amiId: string;
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
}

export interface RemoteCheck {
  readonly amis: readonly { readonly region: string; readonly amiId: string; readonly blocks: number }[];
  readonly drift: readonly RemoteDrift[];
}

/** Reads every published AMI of a build back: its attributes, who may launch it, and each block of its snapshot. */
export async function checkRemote(
  context: Context,
  aws: Aws,
  build: PublishBuild,
  map: BlockMap,
  amis: readonly Pick<PublishedAmi, "region" | "amiId" | "snapshotId">[],
): Promise<RemoteCheck> {
  const checked = await mapLimit(amis, regionsAtOnce, ({ region, amiId, snapshotId }) =>
    runStep(context, `verify-${region}`, `AMI ${amiId} in ${region}`, async () => {
      const drift: RemoteDrift[] = [];
      const differs = (what: string, wanted: string, found: string): void =>
        void drift.push({ region, amiId, what, wanted, found });
      const image = await findImage(aws, region, amiId);
      if (image === undefined) {
        differs("AMI", "available", "missing");
        return { value: { region, amiId, blocks: 0, drift } };
      }
      checkAttributes(build, snapshotId, image, differs);
      await checkSharing(aws, build, region, amiId, differs);
      const blocks = await readBackSnapshot(context, aws, region, snapshotId, map, differs);
      const note = drift.length === 0 ? `${blocks} blocks equal` : `${drift.length} differences`;
      return { value: { region, amiId, blocks, drift }, note };
    }),
  );
  return {
    amis: checked.map(({ region, amiId, blocks }) => ({ region, amiId, blocks })),
    drift: checked.flatMap(({ drift }) => drift),
  };
}

export type Differs = (what: string, wanted: string, found: string) => void;

function checkAttributes(build: PublishBuild, snapshotId: string, image: Image, differs: Differs): void {
  const compare = (what: string, wanted: unknown, found: unknown): void => {
    if (wanted !== found) differs(what, String(wanted), String(found ?? "nothing"));
  };
  compare("state", "available", image.State);
  compare("snapshot", snapshotId, snapshotsOf(image).join(" "));
  compare("public", false, image.Public ?? false);
  for (const [name, wanted] of Object.entries(imageAttributes)) {
    compare(name, wanted, image[name as keyof typeof imageAttributes]);
  }
  const tags = new Map((image.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  compare(`tag ${tagNames.build}`, build.buildId, tags.get(tagNames.build));
  compare(`tag ${tagNames.disk}`, build.disk.sha256, tags.get(tagNames.disk));
  for (const [key, value] of Object.entries(build.publish.tags ?? {}))
    compare(`tag ${key}`, value, tags.get(key));
  const deprecateAt = deprecationTime(build.publish, new Date(image.CreationDate ?? 0));
  if (deprecateAt !== undefined && !sameMinute(image.DeprecationTime, deprecateAt)) {
    differs("deprecation", deprecateAt.toISOString(), image.DeprecationTime ?? "nothing");
  }
  if (build.publish.protect === true && image.DeregistrationProtection?.startsWith("enabled") !== true) {
    differs("deregistration protection", "enabled", image.DeregistrationProtection ?? "nothing");
  }
}

async function checkSharing(
  aws: Aws,
  build: PublishBuild,
  region: string,
  amiId: string,
  differs: Differs,
): Promise<void> {
  const ec2 = await aws.ec2(region);
  const attribute = { ImageId: amiId, Attribute: "launchPermission" } as const;
  const { LaunchPermissions: granted } = await ec2.describeImageAttribute(attribute);
  const wanted = launchPermissions(build.publish).map(permissionKey).sort().join(" ");
  const found = (granted ?? []).map(permissionKey).sort().join(" ");
  if (wanted !== found) differs("launch permission", wanted || "nobody", found || "nobody");
}

/** Whether the spec's parameter still names one of the build's AMIs; asked only for the newest build. */
export async function checkParameter(
  aws: Aws,
  name: string,
  { region, amiId }: Pick<PublishedAmi, "region" | "amiId">,
): Promise<RemoteDrift | undefined> {
  const found = await findParameter(aws, region, name);
  if (found === amiId) return undefined;
  return { region, amiId, what: `parameter ${name}`, wanted: amiId, found: found ?? "nothing" };
}
