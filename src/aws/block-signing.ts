import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface BlockPut {
  readonly host: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** Without a query. */
  readonly path: string;
  /** With lower-case names; they are signed, and so are host, time and digest. */
  readonly headers: Readonly<Record<string, string>>;
  /** sha256 of the body in hex, which is known already. */
  readonly bodySha256: string;
  readonly now: Date;
}

const service = "ebs";

type Next = (call: Call) => Promise<never>;

interface Call {
  readonly input: { readonly Checksum?: string | undefined };
  readonly request: { readonly headers: Record<string, string> };
}

/**
 * SDK middleware that signs a block with the digest that is known of it already, instead of hashing it once more. EBS
 * refuses a body with another digest.
 */
export function signKnownDigest(next: Next, { commandName }: { readonly commandName?: string }): Next {
  if (commandName !== "PutSnapshotBlockCommand") return next;
  return (call) => {
    const digest = Buffer.from(call.input.Checksum ?? "", "base64").toString("hex");
    if (digest !== "") call.request.headers["x-amz-content-sha256"] = digest;
    return next(call);
  };
}

/**
 * The headers of a signed PUT whose body's digest is known, so that nothing is hashed but a few lines.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signBlockPut(put: BlockPut): Readonly<Record<string, string>> {
  const { credentials, region, now, bodySha256 } = put;
  const time = now.toISOString().replace(/[-:]|\.\d+/gu, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    ...put.headers,
    host: put.host,
    "x-amz-content-sha256": bodySha256,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const signedHeaders = names.join(";");
  const canonical = [
    "PUT",
    put.path,
    "",
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    signedHeaders,
    bodySha256,
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const signature = hmac(signingKey(credentials.secretAccessKey, day, region), toSign).toString("hex");
  const credential = `${credentials.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return [day, region, service, "aws4_request"].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
