import { z } from "zod";
import type { Digest, Sha256Hex } from "../core/digest.ts";
import { isDigest, isSha256Hex } from "../core/digest.ts";

/** `images.lock.json`: what a spec means, byte for byte, and what was baked from it. Unknown keys are errors. */

/** The newest schema that this igneous reads and the one that it writes. */
export const lockSchemaVersion = 1;

const digest = z.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "wanted sha256: and 64 hex digits",
);
const hex = z.custom<Sha256Hex>(
  (value) => typeof value === "string" && isSha256Hex(value),
  "wanted 64 hex digits",
);
const count = z.number().int().min(0);

const LockedLayer = z.strictObject({ digest, diffId: digest, mediaType: z.string(), size: count });

export const LockedImage = z.strictObject({
  reference: z.string(),
  /** Digest of the index that the tag named; absent when the tag named a manifest. */
  indexDigest: digest.optional(),
  manifestDigest: digest,
  configDigest: digest,
  layers: z.array(LockedLayer),
});
export type LockedImage = z.infer<typeof LockedImage>;

export const LockedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  size: count,
  sha256: hex,
  /** Path below an archive's root; never a host. */
  filename: z.string(),
});
export type LockedPackage = z.infer<typeof LockedPackage>;

export const LockedBase = z.strictObject({
  suite: z.string(),
  /** Packages that the spec asks for beyond those of every node. */
  requested: z.array(z.string()),
  packages: z.array(LockedPackage),
  tools: z.array(LockedPackage),
});
export type LockedBase = z.infer<typeof LockedBase>;

/** What an AWS builder starts from, where the spec does not name it by its id. */
const LockedSourceAmi = z.strictObject({
  /** As the spec asks for it: a name with stars and owners, or a parameter. */
  asked: z.string(),
  region: z.string(),
  amiId: z.string(),
  name: z.string().exactOptional(),
  createdAt: z.string().exactOptional(),
});
export type LockedSourceAmi = z.infer<typeof LockedSourceAmi>;

/** An AMI in one region. */
const LockedAmi = z.strictObject({
  account: z.string(),
  region: z.string(),
  amiId: z.string(),
  snapshotId: z.string(),
  encrypted: z.boolean(),
  parentSnapshotId: z.string().exactOptional(),
  /** Of an upload, in blocks of 512 KiB: the disk's, those with content, those unlike the parent's, those sent to this region. */
  blocks: z.strictObject({ total: count, nonZero: count, changed: count, sent: count }).exactOptional(),
});
export type LockedAmi = z.infer<typeof LockedAmi>;

/** One group's rollout that is over. */
const LockedRollout = z.strictObject({
  id: z.string(),
  group: z.string(),
  region: z.string(),
  strategy: z.enum(["replace", "replace-root", "in-place"]),
  status: z.enum([
    "in-progress",
    "succeeded",
    "unchanged",
    "failed",
    "cancelled",
    "rolled-back",
    "rollback-failed",
  ]),
  /** Digest of the plan that was confirmed. */
  plan: digest,
  buildId: z.string().exactOptional(),
  amiId: z.string(),
  unlockedReason: z.string().exactOptional(),
  previous: z
    .strictObject({ buildId: z.string().exactOptional(), amiId: z.string(), version: count })
    .exactOptional(),
  launchTemplate: z.strictObject({ id: z.string(), version: count }),
  rollbackOf: z.string().exactOptional(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  reason: z.string().exactOptional(),
});
export type LockedRollout = z.infer<typeof LockedRollout>;

/** What Packer made of a build. Its disks are not equal byte for byte; the commits in them are. */
const PackerOutputs = z.strictObject({
  packer: z.string(),
  /** Of Packer 1.7 and newer: version of each plugin that built. */
  plugins: z.record(z.string(), z.string()).exactOptional(),
  disk: z.strictObject({ sha256: hex, size: count }).exactOptional(),
  /** Digest of what the boot check saw of that disk. */
  report: digest.exactOptional(),
  /** What the instance was started from. */
  sourceAmi: z.string().exactOptional(),
  amis: z.array(z.strictObject({ region: z.string(), amiId: z.string() })).exactOptional(),
  createdAt: z.iso.datetime(),
});
export type PackerOutputs = z.infer<typeof PackerOutputs>;

/** What EC2 Image Builder made of a build; its AMIs are among the build's. */
const ImageBuilderOutputs = z.strictObject({
  /** ARN of the image's build version. */
  image: z.string(),
  component: z.string(),
  recipe: z.string(),
  pipeline: z.string().exactOptional(),
  createdAt: z.iso.datetime(),
});
export type ImageBuilderOutputs = z.infer<typeof ImageBuilderOutputs>;

export const LockedBuild = z.strictObject({
  /** Digest of all inputs; its first twelve digits are what people see. */
  id: digest,
  builder: z.enum(["qemu", "direct", "packer", "imagebuilder"]),
  /** Id of the build that the image carries as its rollback deployment. */
  predecessor: digest.optional(),
  payloadCommit: hex,
  baseCommit: hex,
  hostCommit: hex,
  /** Absent when only other builders than qemu made anything of it. */
  disk: z.strictObject({ sha256: hex, size: count }).optional(),
  ignition: digest.optional(),
  /** Digest of `report.json`, what the boot check saw. */
  report: digest.optional(),
  /** Platforms that the firmware of the machines in the boot check named; an AMI's disk was also booted as on EC2. */
  bootedAs: z.array(z.enum(["qemu", "aws"])).exactOptional(),
  git: z.strictObject({ revision: z.string(), tag: z.string().optional(), dirty: z.boolean() }).optional(),
  tools: z.record(z.string(), z.string()),
  createdAt: z.iso.datetime(),
  amis: z.array(LockedAmi).optional(),
  packer: PackerOutputs.optional(),
  imageBuilder: ImageBuilderOutputs.optional(),
});
export type LockedBuild = z.infer<typeof LockedBuild>;

export const Lock = z.strictObject({
  schemaVersion: z.literal(lockSchemaVersion),
  /** Digest of everything below, so that an edit by hand is seen. */
  checksum: digest,
  name: z.string(),
  platform: z.string(),
  /** Digest of the spec's parts that shape the image. */
  spec: digest,
  /** Digest of each template, by its path beside the spec. */
  templates: z.record(z.string(), digest),
  images: z.array(LockedImage),
  base: LockedBase,
  sourceAmis: z.array(LockedSourceAmi).exactOptional(),
  builds: z.array(LockedBuild),
  /** What was rolled out to which group, newest first. */
  rollouts: z.array(LockedRollout).optional(),
});
export type Lock = z.infer<typeof Lock>;
