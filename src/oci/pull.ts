import { createHash, type Hash } from "node:crypto";
import type { Context } from "../core/context.ts";
import { type Digest, digestFromHex, digestOf, type Sha256Hex } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { removeFile } from "../host/object-files.ts";
import { sizeOf, writeWhole } from "../host/files.ts";
import { openPartialFile, type PartialFile } from "../host/partial-file.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { readStream } from "../host/read-file.ts";
import { blobPath, partialPath } from "./blob-cache.ts";
import type { BlobDescriptor, BlobServer, OnFetched } from "./image-source.ts";
import { RangeRefused } from "./registry.ts";
import { TransientFailure, withRetries } from "./retry.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Another process that pulls the same blob is waited for; it makes progress or gives up by itself. */
const patience = 6 * 60 * 60 * 1000;

/**
 * Brings a blob into the cache and tells its path. Its size and digest are checked before it gets its name; what a
 * broken connection or a killed process left is continued. Processes that want the same blob take turns.
 */
export async function pullBlob(
  context: Context,
  policy: RetryPolicy,
  server: BlobServer,
  blob: BlobDescriptor,
  onProgress: OnFetched = () => undefined,
): Promise<string> {
  const path = blobPath(context, blob.digest);
  if ((await sizeOf(path)) === blob.size) return path;
  if (blob.size <= smallBlob) return pullSmall(context, policy, server, blob);
  const partial = partialPath(context, blob.digest);
  return withProcessLock(context, `${partial}.lock`, patience, async () => {
    if ((await sizeOf(path)) === blob.size) return path;
    const file = await openPartialFile(partial, (bytes) => onProgress(bytes, partial));
    try {
      await download(context, policy, server, blob, { file, path: partial, onProgress });
      await file.finish(path);
    } finally {
      await file.close();
    }
    removeFile(`${partial}.lock`);
    return path;
  });
}

/** Up to here a blob is fetched in one piece: there is little to resume, and two processes may well fetch it both. */
const smallBlob = 64 * 1024;

async function pullSmall(
  context: Context,
  policy: RetryPolicy,
  server: BlobServer,
  blob: BlobDescriptor,
): Promise<string> {
  const what = blobName(server, blob);
  const bytes = await withRetries(context, policy, what, async () => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of (await server.openBlob(blob, 0)).chunks) {
      size += chunk.length;
      if (size > blob.size) throw tooLarge(what, blob);
      parts.push(chunk);
    }
    if (size < blob.size) throw new TransientFailure(`the body ended after ${size} of ${blob.size} bytes`);
    return Buffer.concat(parts);
  });
  const actual = digestOf(bytes);
  if (actual !== blob.digest) throw mismatch(what, actual);
  const path = blobPath(context, blob.digest);
  await writeWhole(path, bytes);
  return path;
}

function blobName(server: BlobServer, { digest }: BlobDescriptor): string {
  return `the blob ${digest} of ${server.name}`;
}

function tooLarge(what: string, { size }: BlobDescriptor): IgneousError {
  return new IgneousError("blob-too-large", `${what} is larger than the ${size} bytes of its descriptor`);
}

function mismatch(what: string, actual: Digest): IgneousError {
  return new IgneousError("blob-digest-mismatch", `${what} was served with the digest ${actual}`, {
    hint: "the registry or something on the way changed it; try another mirror",
  });
}

interface Target {
  readonly file: PartialFile;
  readonly path: string;
  readonly onProgress: OnFetched;
}

async function download(
  context: Context,
  policy: RetryPolicy,
  server: BlobServer,
  blob: BlobDescriptor,
  target: Target,
): Promise<void> {
  const { file, path, onProgress } = target;
  const what = blobName(server, blob);
  if (file.size() > blob.size) await file.restart();
  let hash = await hashOf(path);
  let furthest = file.size();
  if (furthest > 0) onProgress(furthest, path);
  const restart = async (): Promise<void> => {
    await file.restart();
    hash = createHash("sha256");
  };
  const attempt = async (progressed: () => void): Promise<void> => {
    if (file.size() === blob.size && blob.size > 0) return;
    const { offset, chunks } = await openAt(server, blob, file.size(), restart);
    if (offset !== file.size()) await restart();
    try {
      for await (const chunk of chunks) {
        if (file.size() + chunk.length > blob.size) {
          await restart();
          throw tooLarge(what, blob);
        }
        const appended = file.append(chunk);
        hash.update(chunk);
        await appended;
        if (file.size() > furthest) {
          furthest = file.size();
          progressed();
        }
      }
    } finally {
      await file.flush();
    }
    if (file.size() < blob.size)
      throw new TransientFailure(`the body ended after ${file.size()} of ${blob.size} bytes`);
  };
  const wasContinued = file.size() > 0;
  await withRetries(context, policy, what, attempt);
  const actual = digestFromHex(hash.digest("hex") as Sha256Hex);
  if (actual === blob.digest) return;
  await restart();
  // What an earlier process left may have been the wrong part.
  if (wasContinued) return download(context, policy, server, blob, target);
  throw mismatch(what, actual);
}

async function openAt(
  server: BlobServer,
  blob: BlobDescriptor,
  offset: number,
  restart: () => Promise<void>,
): Promise<Awaited<ReturnType<BlobServer["openBlob"]>>> {
  try {
    return await server.openBlob(blob, offset);
  } catch (error) {
    if (!(error instanceof RangeRefused)) throw error;
    await restart();
    return server.openBlob(blob, 0);
  }
}

/** The hash of what an earlier process left, ready to go on. */
async function hashOf(path: string): Promise<Hash> {
  const hash = createHash("sha256");
  for await (const chunk of readStream(path)) hash.update(chunk);
  return hash;
}
