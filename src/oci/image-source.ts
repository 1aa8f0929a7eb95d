import { type Digest, digestFromHex } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { sha256File } from "../host/files.ts";

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

/** Something that serves one repository of images. Each call is one try, and nothing but its size is checked. */
export interface BlobServer {
  /** How messages name it, such as `registry.k8s.io/pause`. */
  readonly name: string;
  readonly getManifest: (tagOrDigest: string | undefined) => Promise<RawManifest>;
  readonly openBlob: (blob: BlobDescriptor, offset: number) => Promise<BlobStream>;
}

/** Told while a blob comes: so many of its bytes, nothing of them checked, are in the file at `path`. */
export type OnFetched = (bytes: number, path: string) => void;

/** Where images come from: a layout on this machine, or a registry with its mirrors, retries and cache. */
export interface ImageSource {
  readonly name: string;
  /** By tag, by digest, or whatever the source has when neither is given. At most 4 MiB. */
  readonly getManifest: (tagOrDigest: string | undefined) => Promise<RawManifest>;
  /** Brings a blob to this machine if it is not here, and tells its path. Readers check its digest all the same. */
  readonly fetchBlob: (blob: BlobDescriptor, onProgress?: OnFetched) => Promise<string>;
  /** Drops a blob that is not what it should be, so that it is fetched anew. Not there where nothing is cached. */
  readonly forgetBlob?: (blob: BlobDescriptor) => Promise<void>;
}

/**
 * Hands `read` the path of a blob. When what lies in the cache turns out not to be the blob (a disk that was full, a power
 * cut), it is fetched anew, once.
 */
export async function withBlob<T>(
  source: ImageSource,
  blob: BlobDescriptor,
  read: (path: string) => Promise<T>,
  onProgress?: OnFetched,
): Promise<T> {
  const path = await source.fetchBlob(blob, onProgress);
  try {
    return await read(path);
  } catch (error) {
    if (!blamesBytes(error) || source.forgetBlob === undefined || (await isWhole(path, blob))) throw error;
    await source.forgetBlob(blob);
    return read(await source.fetchBlob(blob, onProgress));
  }
}

/** Whether a reader failed for the bytes that it was given, not for want of room or the like. */
export function blamesBytes(error: unknown): boolean {
  return error instanceof IgneousError && error.exitCode === 4;
}

async function isWhole(path: string, { digest }: BlobDescriptor): Promise<boolean> {
  return digestFromHex(await sha256File(path)) === digest;
}

export const manifestLimit: number = 4 * 1024 * 1024;
