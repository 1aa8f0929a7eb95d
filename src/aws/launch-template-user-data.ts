import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import semver from "semver";
import { IgneousError } from "../core/errors.ts";

/** EC2's limit, counted before base64. */
const userDataLimit = 16_384;

/** User data as launch templates hold it, and the object that it points to when EC2 cannot take the whole. */
export interface UserData {
  readonly base64: string;
  /** Has to be there before a machine starts, and for as long as a launch template version names it. */
  readonly object?: { readonly bucket: string; readonly key: string; readonly body: string };
}

/**
 * Launch Ignition as user data: as it is when it fits; else a config that is replaced by the packed one inside it, because
 * Ignition reads no user data that is itself packed; else one that is replaced by an object in S3, whose sha512 it names.
 * Equal configs give equal bytes.
 */
export function planUserData(config: string, store?: string): UserData {
  const plain = Buffer.from(config);
  if (plain.length <= userDataLimit) return { base64: plain.toString("base64") };
  const { version } = (JSON.parse(config) as { readonly ignition: { readonly version: string } }).ignition;
  const packed = gzipSync(plain, { level: 9 }).toString("base64");
  const inside = pointer(maxVersion(version, knowsCompression), {
    source: `data:;base64,${packed}`,
    compression: "gzip",
  });
  if (inside.length <= userDataLimit) return { base64: inside.toString("base64") };
  if (store === undefined) {
    throw new IgneousError(
      "input-invalid",
      `the launch config is ${plain.length} bytes, ${inside.length} packed; EC2 takes ${userDataLimit}`,
      { hint: "name a bucket where the machines read it: rollout: { userDataStore: s3://BUCKET/PREFIX }" },
    );
  }
  const { bucket, prefix } = placeOf(store);
  const hash = createHash("sha512").update(plain).digest("hex");
  const key = `${prefix}${hash}.ign`;
  const source = `s3://${bucket}/${key}`;
  return {
    base64: pointer(version, { source, verification: { hash: `sha512-${hash}` } }).toString("base64"),
    object: { bucket, key, body: config },
  };
}

/** Ignition's first version in which a config that replaces another may be packed. */
const knowsCompression = "3.1.0";

function maxVersion(one: string, other: string): string {
  return semver.gt(one, other) ? one : other;
}

function pointer(version: string, replace: object): Buffer {
  return Buffer.from(JSON.stringify({ ignition: { version, config: { replace } } }));
}

function placeOf(store: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/u.exec(store) ?? [];
  return { bucket, prefix: path === "" ? "" : `${path}/` };
}
