import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { readStream } from "../host/read-file.ts";
import type { Aws } from "./apis.ts";
import type { StoredFile } from "./image-builder-types.ts";
import { openS3Store } from "./s3-store.ts";

/** A file on this machine that is to be stored. */
export interface LocalFile extends StoredFile {
  readonly path: string;
  readonly size: number;
}

/** Puts files where the instances fetch them; what is there with its size is not sent again. */
export function storeFiles(
  context: Context,
  aws: Aws,
  { uri, region }: { readonly uri: string; readonly region: string },
  files: readonly LocalFile[],
): Promise<void> {
  return runStep(context, "store payload", `payload to ${uri}`, async () => {
    const store = openS3Store(context, aws, { ...bucketAndPrefix(uri), region });
    let sent = 0;
    for (const file of files) {
      const name = storedName(file);
      const found = await store.list(name);
      if (found.get(name)?.size === file.size) continue;
      await store.put(name, readStream(file.path), "lasting");
      sent++;
    }
    const outcome = sent === 0 ? "unchanged" : "done";
    return { value: undefined, outcome, note: `${sent} of ${files.length} files sent` };
  });
}

/** Where a file lies below `s3://bucket[/prefix]`: under its digest, so that nothing is ever overwritten. */
export function fileUri(base: string, file: StoredFile): string {
  return `${base.replace(/\/+$/u, "")}/${storedName(file)}`;
}

function storedName({ name, sha256 }: StoredFile): string {
  return `${sha256}/${name}`;
}

/** `s3://bucket/prefix` in two; the prefix without slashes at its ends. */
export function bucketAndPrefix(uri: string): { readonly bucket: string; readonly prefix: string } {
  const [bucket = "", ...rest] = uri.replace(/^s3:\/\//u, "").split("/");
  return { bucket, prefix: rest.filter((part) => part !== "").join("/") };
}
