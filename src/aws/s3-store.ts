import type { ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { ListedFile, ObjectStore } from "../core/object-store.ts";
import type { Aws, S3Api } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";

export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  readonly region: string;
}

/** Smallest part that S3 takes but for the last one is 5 MiB. */
const partBytes = 8 * 2 ** 20;
const keysPerDelete = 1000;

/** Files of a bucket. What is larger than 8 MiB is sent in parts, so that memory does not grow with it. */
export function openS3Store(context: Context, aws: Aws, { bucket, prefix, region }: S3Place): ObjectStore {
  const Bucket = bucket;
  const start = prefix === "" ? "" : `${prefix}/`;
  const api = (): Promise<S3Api> => aws.s3(region);
  return {
    name: `s3://${bucket}/${prefix}`,
    list: async (wanted) => {
      const s3 = await api();
      const found = new Map<string, ListedFile>();
      let token: string | undefined;
      do {
        const more = token === undefined ? {} : { ContinuationToken: token };
        const page = await s3.listObjectsV2({ Bucket, Prefix: start + wanted, ...more });
        for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
          found.set(Key.slice(start.length), { size: Size, changedAt: LastModified?.getTime() ?? 0 });
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return found;
    },
    find: async (name) => {
      const s3 = await api();
      try {
        const { Body } = await s3.getObject({ Bucket, Key: start + name });
        return Body === undefined ? Buffer.alloc(0) : Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if (awsErrorCode(error) === "NoSuchKey") return undefined;
        // Who may list only one prefix is not told that a key is missing: S3 says that access is denied.
        if (awsErrorCode(error) !== "AccessDenied") throw error;
        const { Contents } = await s3.listObjectsV2({ Bucket, Prefix: start + name, MaxKeys: 1 });
        if (Contents?.[0]?.Key === start + name) throw error;
        return undefined;
      }
    },
    put: async (name, content, kind) => {
      const target = { Bucket, Key: start + name, ...headers[kind] };
      await putObject(context, await api(), target, content);
    },
    remove: async (names) => {
      const s3 = await api();
      for (let at = 0; at < names.length; at += keysPerDelete) {
        const Objects = names.slice(at, at + keysPerDelete).map((name) => ({ Key: start + name }));
        const { Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
        const [first] = Errors ?? [];
        if (first === undefined) continue;
        const message = `s3:DeleteObject of ${first.Key} in ${region} failed: ${first.Code}: ${first.Message}`;
        throw new IgneousError("aws-failed", message, { hint: "run the same command again" });
      }
    },
    removeUnfinished: async (before) => {
      const s3 = await api();
      let marker: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined;
      do {
        const page: ListMultipartUploadsCommandOutput = await s3.listMultipartUploads({
          Bucket,
          Prefix: start,
          ...marker,
        });
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if ((Initiated?.getTime() ?? before) >= before) continue;
          await s3.abortMultipartUpload({ Bucket, Key, UploadId });
        }
        const { IsTruncated, NextKeyMarker = "", NextUploadIdMarker = "" } = page;
        marker =
          IsTruncated === true ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined;
      } while (marker !== undefined);
    },
    // S3 answers when what it was given is safe.
    settle: () => Promise.resolve(),
  };
}

const headers = {
  lasting: { CacheControl: "public, max-age=31536000, immutable" },
  changing: { CacheControl: "no-cache" },
} as const;

type Target = { readonly Bucket: string; readonly Key: string; readonly CacheControl: string };

async function putObject(
  context: Context,
  s3: S3Api,
  target: Target,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  if (content instanceof Uint8Array) {
    await s3.putObject({ ...target, Body: content });
    return;
  }
  const parts = partsOf(content);
  const first = await parts.next();
  const second = await parts.next();
  if (second.done === true) {
    await s3.putObject({ ...target, Body: first.value ?? new Uint8Array(0) });
    return;
  }
  const { Bucket, Key } = target;
  const { UploadId } = await s3.createMultipartUpload(target);
  const upload = { Bucket, Key, UploadId };
  const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
  const send = async (Body: Uint8Array): Promise<void> => {
    context.signal.throwIfAborted();
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.uploadPart({ ...upload, PartNumber, Body });
    Parts.push({ ETag, PartNumber });
  };
  try {
    await send(first.value ?? new Uint8Array(0));
    await send(second.value);
    for await (const part of parts) await send(part);
    await s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } });
  } catch (error) {
    // Parts of an upload that nobody ends are paid for.
    await s3.abortMultipartUpload(upload).catch(() => undefined);
    throw error;
  }
}

async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < partBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
