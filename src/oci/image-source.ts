import type { Digest } from "../core/digest.ts";

export interface RawManifest {
  /** As served. */
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** As the server or the descriptor says; the document may say it itself. */
  readonly mediaType: string | undefined;
}

export interface BlobDescriptor {
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobStream {
  /** Where in the blob the stream starts: the offset that was asked for, or 0 when the server has no ranges. */
  readonly offset: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Something that serves one repository of images. What it serves is checked by its callers. */
export interface ImageSource {
  /** How messages name it, such as `registry.k8s.io/pause`. */
  readonly name: string;
  /** By tag, by digest, or whatever the source has when neither is given. At most 4 MiB. */
  readonly getManifest: (tagOrDigest: string | undefined) => Promise<RawManifest>;
  readonly openBlob: (blob: BlobDescriptor, offset: number) => Promise<BlobStream>;
  /** The path of a blob that lies on this machine already, unverified. */
  readonly findLocalBlob?: (blob: BlobDescriptor) => Promise<string | undefined>;
}

export const manifestLimit: number = 4 * 1024 * 1024;
