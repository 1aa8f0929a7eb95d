import { createHash } from "node:crypto";
import type { ServedAnswer, ServedRequest } from "../host/http-server.ts";

export interface InstanceMetadata {
  readonly userData: Uint8Array;
  readonly region: string;
  readonly instanceType: string;
  /** More documents by their path below the version, such as `meta-data/iam/security-credentials/`. */
  readonly documents?: Readonly<Record<string, string>>;
}

export interface MetadataService {
  readonly answer: (request: ServedRequest) => ServedAnswer;
  /** What was asked so far, such as `GET /2019-10-01/user-data 200`. */
  readonly asked: () => readonly string[];
}

const instanceId = "i-0123456789abcdef0";
const account = "111122223333";

/**
 * EC2's instance metadata service as an instance sees it that demands version 2: a token is put first, and every answer
 * wants it. Serves what an operating system asks for on its first boot; anything else is not found, as on EC2.
 */
export function metadataService(instance: InstanceMetadata): MetadataService {
  const { userData, region, instanceType } = instance;
  const token = createHash("sha256").update(instanceId).digest("base64url");
  const asked: string[] = [];
  const identity = { accountId: account, architecture: "x86_64", instanceId, instanceType, region };
  const documents = new Map<string, Uint8Array | string>([
    ["user-data", userData],
    ["dynamic/instance-identity/document", JSON.stringify({ ...identity, version: "2017-09-30" })],
    ["meta-data/instance-id", instanceId],
    ["meta-data/instance-type", instanceType],
    ["meta-data/placement/region", region],
    ["meta-data/placement/availability-zone", `${region}a`],
    ["meta-data/local-hostname", "ip-169-254-169-15.ec2.internal"],
    ...Object.entries(instance.documents ?? {}),
  ]);
  const reply = ({ method, path, header }: ServedRequest): ServedAnswer => {
    if (method === "PUT" && path === "/latest/api/token") {
      const seconds = header("x-aws-ec2-metadata-token-ttl-seconds") ?? "";
      const headers = { "x-aws-ec2-metadata-token-ttl-seconds": seconds };
      return /^\d{1,5}$/u.test(seconds) ? { status: 200, headers, body: token } : { status: 400, body: "" };
    }
    if (method !== "GET") return { status: 405, body: "" };
    if (header("x-aws-ec2-metadata-token") !== token) return { status: 401, body: "" };
    const name = /^\/(?:latest|\d{4}-\d\d-\d\d)\/(.+)$/u.exec(path)?.[1] ?? "";
    const body = documents.get(name);
    return body === undefined ? { status: 404, body: "" } : { status: 200, body };
  };
  const answer = (request: ServedRequest): ServedAnswer => {
    const given = reply(request);
    asked.push(`${request.method} ${request.path} ${given.status}`);
    return given;
  };
  return { answer, asked: () => asked };
}
