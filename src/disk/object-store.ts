import type { ServedAnswer, ServedRequest } from "../host/http-server.ts";

export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  readonly body: string;
}

export interface ObjectStore {
  readonly answer: (request: ServedRequest) => ServedAnswer;
  /** What was asked so far, such as `GET launch.s3.eu-central-1.amazonaws.com/a.ign 200`. */
  readonly asked: () => readonly string[];
}

/** The names at which S3 answers for a bucket, by AWS's virtual-hosted and path styles, with and without IPv6. */
export function storeHosts(bucket: string, region: string): readonly string[] {
  const places = ["", `.${region}`, `.dualstack.${region}`].map((place) => `s3${place}.amazonaws.com`);
  return places.flatMap((place) => [place, `${bucket}.${place}`]);
}

/**
 * S3 as a machine sees it that reads one object with the credentials of its role: tells the bucket's region, and gives the
 * object to requests that are signed with `accessKey` (the signature itself is not computed again).
 */
export function objectStore(object: StoredObject, region: string, accessKey: string): ObjectStore {
  const { bucket, key, body } = object;
  const asked: string[] = [];
  const headers = { "x-amz-bucket-region": region };
  const reply = ({ method, path, header }: ServedRequest): ServedAnswer => {
    const host = header("host") ?? "";
    const [plain = ""] = path.split("?");
    const name = host.startsWith(`${bucket}.`) ? `/${bucket}${plain}` : plain;
    if (name === `/${bucket}` || name === `/${bucket}/`) return { status: 200, headers, body: "" };
    if (name !== `/${bucket}/${key}`) return { status: 404, headers, body: "" };
    const signed = header("authorization")?.includes(`Credential=${accessKey}/`) === true;
    if (!signed) return { status: 403, headers, body: "" };
    return { status: 200, headers, body: method === "HEAD" ? "" : body };
  };
  const answer = (request: ServedRequest): ServedAnswer => {
    const given = reply(request);
    asked.push(`${request.method} ${request.header("host") ?? ""}${request.path} ${given.status}`);
    return given;
  };
  return { answer, asked: () => asked };
}
