import type { Statement } from "./iam-policy.ts";
import type { S3Place } from "./s3-store.ts";

/** What `publish --ostree` and `gc --ostree` need for a repo in a bucket, and nothing outside of its prefix. */
export function ostreeStatements(
  command: "gc" | "publish",
  { bucket, prefix }: Pick<S3Place, "bucket" | "prefix">,
): readonly Statement[] {
  const below = prefix === "" ? "*" : `${prefix}/*`;
  const removal = command === "gc" ? ["s3:DeleteObject"] : [];
  const objects: Statement = {
    Sid: "Objects",
    Effect: "Allow",
    Action: ["s3:AbortMultipartUpload", ...removal, "s3:GetObject", "s3:PutObject"],
    Resource: `arn:aws:s3:::${bucket}/${below}`,
  };
  const list: Statement = {
    Sid: "List",
    Effect: "Allow",
    Action: ["s3:ListBucket"],
    Resource: `arn:aws:s3:::${bucket}`,
    Condition: { StringLike: { "s3:prefix": [below] } },
  };
  const uploads: Statement = {
    Sid: "Uploads",
    Effect: "Allow",
    Action: ["s3:ListBucketMultipartUploads"],
    Resource: `arn:aws:s3:::${bucket}`,
  };
  return [objects, list, ...(command === "gc" ? [uploads] : [])];
}
