import type { CopyImageRequest } from "@aws-sdk/client-ec2";
import { contentOf } from "./ebs.ts";
import { findImage, newImage, refuseTakenName } from "./ec2-image-rules.ts";
import { tagsFor } from "./ec2-query.ts";
import { AwsError, type Call } from "./service.ts";
import { type Image, imageState, type Snapshot, type World } from "./world.ts";

export function copyImage(world: World, input: CopyImageRequest, call: Call): object {
  const { ClientToken: token, ...rest } = input;
  const key = `${call.account} ${call.region} CopyImage ${token}`;
  const request = JSON.stringify(rest);
  const known = token === undefined ? undefined : world.tokens.get(key);
  if (known !== undefined) {
    if (known.request === request) return { ImageId: known.id };
    throw new AwsError("IdempotentParameterMismatch", "the client token was used with other parameters");
  }
  const source = findImage(world, input.SourceImageId, { ...call, region: input.SourceRegion ?? "" });
  if (imageState(source, call.now) !== "available") {
    throw new AwsError("InvalidRequest", `${source.id} is not available`);
  }
  const from = world.snapshots.get(source.snapshotId);
  if (from === undefined) throw new AwsError("InvalidRequest", `${source.snapshotId} is gone`);
  if (input.KmsKeyId !== undefined && !world.kmsKeyUsable(input.KmsKeyId, call.region)) {
    throw new AwsError("InvalidParameterValue", `KmsKeyId ${input.KmsKeyId} is invalid`);
  }
  refuseTakenName(world, input.Name, call);
  const encrypted = from.encrypted || input.Encrypted === true;
  const failure = world.failingCopies.get(call.region);
  const snapshot: Snapshot = {
    ...from,
    id: world.newId("snap"),
    parent: undefined,
    blocks: contentOf(from),
    region: call.region,
    description: `Copied for ${source.id} from ${input.SourceRegion}`,
    tags: tagsFor(input.TagSpecifications, "snapshot"),
    encrypted,
    kmsKeyId: input.KmsKeyId ?? (encrypted ? world.defaultKey(call) : undefined),
    startedAt: call.now,
    completedAt: call.now + world.copyMs,
    failed: failure !== undefined,
  };
  const image: Image = {
    ...newImage(call),
    id: world.newId("ami"),
    name: input.Name ?? "",
    description: input.Description ?? "",
    tags: new Map([
      ...(input.CopyImageTags === true ? source.tags : []),
      ...tagsFor(input.TagSpecifications, "image"),
    ]),
    availableAt: call.now + world.copyMs,
    failure,
    snapshotId: snapshot.id,
    fixed: source.fixed,
    mapping: source.mapping,
    source: { id: source.id, region: source.region },
  };
  world.snapshots.set(snapshot.id, snapshot);
  world.images.set(image.id, image);
  if (token !== undefined) world.tokens.set(key, { request, id: image.id });
  return { ImageId: image.id };
}
