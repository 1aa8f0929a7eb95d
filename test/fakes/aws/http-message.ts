import type { IncomingMessage, ServerResponse } from "node:http";
import type { RawAnswer } from "./encode.ts";
import type { Effect } from "./faults.ts";

/** A request as it came, with its body. */
export interface RawRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export async function readRequest(request: IncomingMessage): Promise<RawRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", "http://fake"),
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

/** `Credential=AKIA…/20261122/eu-central-1/ec2/aws4_request` of the signature tells who calls what where. */
export function credentialScope(raw: RawRequest): {
  readonly accessKey: string;
  readonly region: string;
  readonly service: string;
} {
  const match = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//u.exec(
    String(raw.headers["authorization"] ?? ""),
  );
  return { accessKey: match?.[1] ?? "", region: match?.[2] ?? "", service: match?.[3] ?? "" };
}

/** Sends an answer, or as much of it as the fault lets through. */
export function send(response: ServerResponse, encoded: RawAnswer, effect: Effect | undefined): void {
  const body = effect?.kind === "truncate" ? encoded.body.subarray(0, effect.bytes) : encoded.body;
  response.writeHead(encoded.status, { ...encoded.headers, "content-length": String(body.length) });
  response.end(body);
}
