import type { StoredFile } from "./image-builder-types.ts";

/** Where a file lies below `s3://bucket[/prefix]`: under its digest, so that nothing is ever overwritten. */
export function fileUri(base: string, { name, sha256 }: StoredFile): string {
  return `${base.replace(/\/+$/u, "")}/${sha256}/${name}`;
}

/** `s3://bucket/prefix` in two; the prefix without slashes at its ends. */
export function bucketAndPrefix(uri: string): { readonly bucket: string; readonly prefix: string } {
  const [bucket = "", ...rest] = uri.replace(/^s3:\/\//u, "").split("/");
  return { bucket, prefix: rest.filter((part) => part !== "").join("/") };
}
