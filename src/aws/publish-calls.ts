import {
  completeSnapshotInput,
  copyImageInput,
  deprecationTime,
  encryptionIn,
  launchPermissions,
  parameterInput,
  registerImageInput,
  startSnapshotInput,
} from "./image-input.ts";
import type { PublishBuild } from "./publish-types.ts";

/** A call that changes something in AWS. Ids that are not known yet are named in angle brackets. */
export interface PlannedCall {
  readonly service: "ebs" | "ec2" | "ssm";
  readonly operation: string;
  readonly region: string;
  /** How often, for a call that is made for each block. */
  readonly times: number;
  readonly input: object;
}

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
  const call = (
    service: PlannedCall["service"],
    operation: string,
    region: string,
    input: object,
    times = 1,
  ): PlannedCall => ({ service, operation, region, times, input });
  return [
    call("ebs", "StartSnapshot", home, startSnapshotInput(build, wanted, sizes.volumeGiB, 0)),
    ...(sizes.blocks === 0
      ? []
      : [call("ebs", "PutSnapshotBlock", home, { SnapshotId: snapshot }, sizes.blocks)]),
    call("ebs", "CompleteSnapshot", home, completeSnapshotInput(snapshot, sizes.blocks, sizes.aggregate)),
    call("ec2", "RegisterImage", home, registerImageInput(build, snapshot, sizes.volumeGiB)),
    ...settleCalls(build, home, now, call),
    ...others.flatMap((region) => [
      call(
        "ec2",
        "CopyImage",
        region,
        copyImageInput(build, region, { region: home, amiId: amiIn(home) }, 0),
      ),
      ...settleCalls(build, region, now, call),
    ]),
  ];
}

function amiIn(region: string): string {
  return `<AMI in ${region}>`;
}

function settleCalls(
  { publish }: PublishBuild,
  region: string,
  now: Date,
  call: (service: PlannedCall["service"], operation: string, region: string, input: object) => PlannedCall,
): readonly PlannedCall[] {
  const ImageId = amiIn(region);
  const DeprecateAt = deprecationTime(publish, now);
  const permissions = launchPermissions(publish);
  const { ssmParameter } = publish;
  return [
    ...(DeprecateAt === undefined
      ? []
      : [call("ec2", "EnableImageDeprecation", region, { ImageId, DeprecateAt })]),
    ...(publish.protect === true
      ? [call("ec2", "EnableImageDeregistrationProtection", region, { ImageId })]
      : []),
    ...(permissions.length === 0
      ? []
      : [call("ec2", "ModifyImageAttribute", region, { ImageId, LaunchPermission: { Add: permissions } })]),
    ...(ssmParameter === undefined
      ? []
      : [call("ssm", "PutParameter", region, parameterInput(ssmParameter, ImageId))]),
  ];
}
