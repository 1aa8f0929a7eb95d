import type { Image, Snapshot } from "@aws-sdk/client-ec2";
import type { Aws } from "./apis.ts";
import type { BuilderKind } from "./image-builder-inventory.ts";
import { needed } from "./needed.ts";
import { tagNames } from "./publish-types.ts";

/** An AMI, a snapshot or a resource of Image Builder that carries our tags. */
export interface Owned {
  readonly kind: "ami" | "snapshot" | BuilderKind;
  readonly region: string;
  /** Of Image Builder, the ARN. */
  readonly id: string;
  readonly buildId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** AWS's word: available, pending, failed, completed, error, … */
  readonly state: string;
  readonly isProtected: boolean;
  /** Snapshots of an AMI. */
  readonly snapshotIds: readonly string[];
}

/** Everything in a region that belongs to a spec, and what other AMIs of the account use of its snapshots. */
export interface Inventory {
  readonly region: string;
  readonly owned: readonly Owned[];
  /** Snapshot → AMIs of this account that are made of it, whoever's. */
  readonly imagesOfSnapshot: ReadonlyMap<string, readonly string[]>;
}

/** The regions that are enabled for the account. */
export async function enabledRegions(aws: Aws, askIn: string): Promise<readonly string[]> {
  const ec2 = await aws.ec2(askIn);
  const { Regions: regions } = await ec2.describeRegions({});
  return (regions ?? []).flatMap(({ RegionName }) => RegionName ?? []).sort();
}

/** Asks for next to nothing, to learn whether there are credentials that may ask at all. */
export async function askAccount(aws: Aws, region = ""): Promise<void> {
  const ec2 = await aws.ec2(region);
  await ec2.describeImages({ Owners: ["self"], MaxResults: 5 });
}

export async function readInventory(aws: Aws, region: string, specName: string): Promise<Inventory> {
  const ec2 = await aws.ec2(region);
  const mine = [{ Name: `tag:${tagNames.spec}`, Values: [specName] }];
  const images = await pages(async (NextToken) => {
    const found = await ec2.describeImages({
      Owners: ["self"],
      IncludeDeprecated: true,
      IncludeDisabled: true,
      Filters: mine,
      MaxResults: 1000,
      ...NextToken,
    });
    return { items: found.Images ?? [], next: found.NextToken };
  });
  const snapshots = await pages(async (NextToken) => {
    const found = await ec2.describeSnapshots({
      OwnerIds: ["self"],
      Filters: mine,
      MaxResults: 1000,
      ...NextToken,
    });
    return { items: found.Snapshots ?? [], next: found.NextToken };
  });
  const ids = snapshots.map(({ SnapshotId }) => needed(SnapshotId));
  const users = new Map<string, string[]>();
  for (const some of chunks(ids, 100)) {
    const { Images: made } = await ec2.describeImages({
      Owners: ["self"],
      IncludeDeprecated: true,
      IncludeDisabled: true,
      Filters: [{ Name: "block-device-mapping.snapshot-id", Values: [...some] }],
    });
    for (const image of made ?? []) {
      for (const id of snapshotsOf(image)) users.set(id, [...(users.get(id) ?? []), needed(image.ImageId)]);
    }
  }
  const owned = [
    ...images.map((image) => ownedImage(region, image)),
    ...snapshots.map((s) => ownedSnapshot(region, s)),
  ];
  return { region, owned, imagesOfSnapshot: users };
}

export function snapshotsOf(image: Image): readonly string[] {
  return (image.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
}

function ownedImage(region: string, image: Image): Owned {
  return {
    kind: "ami",
    region,
    id: needed(image.ImageId),
    buildId: tag(image.Tags, tagNames.build),
    createdAt: new Date(image.CreationDate ?? 0).getTime(),
    state: image.State ?? "",
    isProtected: image.DeregistrationProtection?.startsWith("enabled") === true,
    snapshotIds: snapshotsOf(image),
  };
}

function ownedSnapshot(region: string, snapshot: Snapshot): Owned {
  return {
    kind: "snapshot",
    region,
    id: needed(snapshot.SnapshotId),
    buildId: tag(snapshot.Tags, tagNames.build),
    createdAt: snapshot.StartTime?.getTime() ?? 0,
    state: snapshot.State ?? "",
    isProtected: false,
    snapshotIds: [],
  };
}

function tag(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
  name: string,
): string {
  return tags?.find(({ Key }) => Key === name)?.Value ?? "";
}

/** All items of a paged call. */
export async function pages<T>(
  call: (token: {
    readonly NextToken?: string;
  }) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let token: { readonly NextToken?: string } = {};
  for (;;) {
    const { items, next } = await call(token);
    all.push(...items);
    if (next === undefined || next === "") return all;
    token = { NextToken: next };
  }
}

export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
