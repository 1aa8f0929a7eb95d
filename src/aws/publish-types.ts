/** Section `publish:` of the spec: where the image goes and who may use it. */
export interface PublishSpec {
  /** The first is the home region: blocks are sent there, the others get copies. */
  readonly regions: readonly string[];
  /** Accounts (12 digits) that may launch the image. */
  readonly accounts?: readonly string[];
  /** ARNs of organizations that may launch the image. */
  readonly organizations?: readonly string[];
  /** ARNs of organizational units that may launch the image. */
  readonly organizationalUnits?: readonly string[];
  /** Encrypt with the account's default EBS key where `kmsKeys` names none. */
  readonly encrypted?: boolean;
  /** Region → ARN of the KMS key that its snapshot is encrypted with. */
  readonly kmsKeys?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Such as `90d`; counted from the creation of each AMI. */
  readonly deprecateAfter?: string;
  /** Refuse deregistration until the protection is taken away. */
  readonly protect?: boolean;
  /** Name of a parameter that always holds the newest AMI id, of type `aws:ec2:image`. */
  readonly ssmParameter?: string;
  /** Blocks of 512 KiB that are sent at once; 64 when not given. */
  readonly inFlight?: number;
}

/** A finished bake that is to be published. */
export interface PublishBuild {
  readonly buildId: string;
  readonly specName: string;
  readonly disk: { readonly path: string; readonly sha256: string; readonly size: number };
  readonly publish: PublishSpec;
  /** Folder of the build's outputs; the journal and the block digests are kept here. */
  readonly folder: string;
  /** The previous build, when it is published: only what differs from it travels. */
  readonly parent?: PublishParent;
}

export interface PublishParent {
  readonly buildId: string;
  /** Folder of that build's outputs, with its block digests. */
  readonly folder: string;
  readonly amis: readonly PublishedAmi[];
}

/** How much of a disk there is, in blocks of 512 KiB. */
export interface BlockCounts {
  readonly total: number;
  readonly nonZero: number;
  /** Blocks that differ from the parent; without a parent, the same as `nonZero`. */
  readonly changed: number;
  /** Blocks put into this snapshot; 0 for a copy. */
  readonly sent: number;
}

/** One AMI in one region, as the lock records it. */
export interface PublishedAmi {
  readonly account: string;
  readonly region: string;
  readonly amiId: string;
  readonly snapshotId: string;
  readonly encrypted: boolean;
  readonly parentSnapshotId?: string;
  /** Absent when its bytes are not those of a disk that was baked here. */
  readonly blocks?: BlockCounts;
}

/** A region where publishing failed; the next run goes on there. */
export interface PublishFailure {
  readonly region: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface PublishResult {
  readonly buildId: string;
  readonly amis: readonly PublishedAmi[];
  readonly failures: readonly PublishFailure[];
}

/** What tells our resources from others', and one build's from another's. */
export const tagNames = {
  build: "igneous:build",
  spec: "igneous:spec",
  disk: "igneous:disk",
} as const;
