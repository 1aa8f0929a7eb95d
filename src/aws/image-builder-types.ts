import type { PublishSpec } from "./publish-types.ts";

/** Section `imageBuilder:` of the spec: how EC2 Image Builder bakes. Regions, accounts, keys and tags are those of `publish:`. */
export interface ImageBuilderSpec {
  /** AMI id, `ssm:/name` of a parameter, or ARN of an Image Builder image: an OSTree machine, such as the base of this tool. */
  readonly parentImage: string;
  /** `s3://bucket[/prefix]`: where the payload is put for the build instance to fetch. */
  readonly payload: string;
  /** Instance profile of the build and test instances: Systems Manager, Image Builder, and reading the payload. */
  readonly instanceProfile: string;
  /** Role for distribution: parameters, launch templates of other accounts. */
  readonly executionRole?: string;
  readonly instanceTypes?: readonly string[];
  readonly subnet?: string;
  readonly securityGroups?: readonly string[];
  /** `s3://bucket[/prefix]` for the logs of Image Builder. */
  readonly logs?: string;
  /** Keeps a pipeline that builds by itself; without it each bake is one image. */
  readonly schedule?: { readonly expression: string; readonly timezone?: string };
  readonly launchTemplates?: readonly LaunchTemplateTarget[];
}

export interface LaunchTemplateTarget {
  readonly id: string;
  readonly region: string;
  readonly account?: string;
  readonly setDefault?: boolean;
}

/** A file that the instances fetch. Its key in the bucket is its digest. */
export interface StoredFile {
  readonly name: string;
  readonly sha256: string;
}

/** The files of a build: the payload archive, the two programs that apply and seal it, and the checks of the booted image. */
export interface ImageBuilderFiles {
  readonly payload: StoredFile;
  readonly apply: StoredFile;
  readonly seal: StoredFile;
  readonly check: StoredFile;
}

/** A build, as far as naming, sharing and distributing its images go. */
export interface DistributedBuild {
  readonly buildId: string;
  readonly specName: string;
  readonly publish: PublishSpec;
  readonly imageBuilder: ImageBuilderSpec;
}

export interface ImageBuilderBuild extends DistributedBuild {
  /** OSTree commit that the next deployment must carry. */
  readonly payloadCommit: string;
  readonly files: ImageBuilderFiles;
}

/** Digest of what a component or recipe says, by which it is found again. */
export const contentTag = "igneous:content";

/** The step that an image is built in, as progress names it. */
export const imageStep = "image builder";
