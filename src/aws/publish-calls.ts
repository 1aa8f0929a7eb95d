import {
  completeSnapshotInput,
  copyImageInput,
  encryptionIn,
  registerImageInput,
  startSnapshotInput,
} from "./image-input.ts";
import { amiIn, type PlannedCall, plannedCall, settleCalls } from "./planned-call.ts";
import type { PublishBuild } from "./publish-types.ts";

interface UploadSizes {
  readonly volumeGiB: number;
  readonly blocks: number;
  readonly aggregate: string;
}

/** Every changing call that publishing a build would make from nothing, in order. Asks AWS nothing. */
export function planPublishCalls(build: PublishBuild, sizes: UploadSizes, now: Date): readonly PlannedCall[] {
  const [home = "", ...others] = build.publish.regions;
  const parentId = build.parent?.amis.find(({ region }) => region === home)?.snapshotId;
  const wanted = {
    region: home,
    ...encryptionIn(build.publish, home),
    ...(parentId === undefined ? {} : { parent: { snapshotId: parentId } }),
  };
  const snapshot = `<snapshot in ${home}>`;
  return [
    plannedCall("ebs", "StartSnapshot", home, startSnapshotInput(build, wanted, sizes.volumeGiB, 0)),
    ...(sizes.blocks === 0
      ? []
      : [plannedCall("ebs", "PutSnapshotBlock", home, { SnapshotId: snapshot }, sizes.blocks)]),
    plannedCall(
      "ebs",
      "CompleteSnapshot",
      home,
      completeSnapshotInput(snapshot, sizes.blocks, sizes.aggregate),
    ),
    plannedCall("ec2", "RegisterImage", home, registerImageInput(build, snapshot, sizes.volumeGiB)),
    ...settleCalls(build.publish, home, now),
    ...others.flatMap((region) => [
      plannedCall(
        "ec2",
        "CopyImage",
        region,
        copyImageInput(build, region, { region: home, amiId: amiIn(home) }, 0),
      ),
      ...settleCalls(build.publish, region, now),
    ]),
  ];
}
