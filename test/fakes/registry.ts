import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import type { FakeImage } from "./oci-image.ts";

/** What the registry does instead of what was asked. `after` counts bytes of the body. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "reset"; readonly after: number }
  | { readonly kind: "stall"; readonly after: number }
  | { readonly kind: "truncate"; readonly after: number }
  | { readonly kind: "hold"; readonly after: number; readonly until: Promise<unknown> }
  | { readonly kind: "other"; readonly body: Uint8Array; readonly reset: boolean }
  | { readonly kind: "endless" }
  | { readonly kind: "corrupt" }
  | { readonly kind: "longer" }
  | { readonly kind: "redirect"; readonly to: string };

export interface SeenRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: SeenRequest[];
  /** Asked before each request; the number says how often this path was asked for before. */
  fault: (path: string, before: number) => Fault | undefined;
  /** When given, answers requests that it does not like with 401 by itself. */
  guard: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  acceptRanges: boolean;
}

/** A registry of ours on loopback, which fails as it is told. It is gone when the test ends. */
export async function startRegistry(images: Readonly<Record<string, FakeImage>>): Promise<FakeRegistry> {
  const manifests = new Map<string, Buffer>();
  const blobs = new Map<string, Uint8Array>();
  for (const [tag, image] of Object.entries(images)) {
    manifests.set(tag, image.manifest);
    manifests.set(digestOf(image.manifest), image.manifest);
    for (const [digest, blob] of image.blobs) blobs.set(digest, blob);
  }
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const { range, authorization } = request.headers;
    registry.requests.push({ path, range, authorization });
    const before = counts.get(path) ?? 0;
    counts.set(path, before + 1);
    if (registry.guard !== undefined && !registry.guard(request, response)) return;
    const match = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/u.exec(path);
    const body = match?.[1] === "manifests" ? manifests.get(match[2] ?? "") : blobs.get(match?.[2] ?? "");
    const headers =
      match?.[1] === "manifests" ? { "content-type": "application/vnd.oci.image.manifest.v1+json" } : {};
    if (body === undefined) response.writeHead(404).end();
    else
      answer(
        response,
        body,
        headers,
        registry.acceptRanges ? range : undefined,
        registry.fault(path, before),
      );
  });
  const registry: FakeRegistry = {
    host: "",
    requests: [],
    fault: () => undefined,
    guard: undefined,
    acceptRanges: true,
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(registry, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function answer(
  response: ServerResponse,
  whole: Uint8Array,
  headers: Readonly<Record<string, string>>,
  range: string | undefined,
  fault: Fault | undefined,
): void {
  if (fault?.kind === "status") return void response.writeHead(fault.status, { ...fault.headers }).end("no");
  if (fault?.kind === "redirect") return void response.writeHead(307, { location: fault.to }).end();
  const start = Number(/^bytes=(\d+)-$/u.exec(range ?? "")?.[1] ?? 0);
  const body = Buffer.from(whole.subarray(start));
  if (fault?.kind === "corrupt") body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
  const partial = start > 0 ? { "content-range": `bytes ${start}-${whole.length - 1}/${whole.length}` } : {};
  const status = start > 0 ? 206 : 200;
  if (fault?.kind === "endless") {
    response.writeHead(status, { ...headers, ...partial });
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", pour);
    return pour();
  }
  if (fault?.kind === "truncate") {
    // Without a length, an end that comes too early looks like any other.
    response.writeHead(status, { ...headers, ...partial });
    return void response.end(body.subarray(0, fault.after));
  }
  const length = fault?.kind === "longer" ? body.length + 1 : body.length;
  response.writeHead(status, { ...headers, ...partial, "content-length": String(length) });
  if (fault?.kind === "longer") return void response.end(Buffer.concat([body, Buffer.from("!")]));
  if (fault?.kind === "reset")
    return void response.write(body.subarray(0, fault.after), () => response.socket?.resetAndDestroy());
  if (fault?.kind === "hold") {
    response.write(body.subarray(0, fault.after));
    return void fault.until.then(() => response.end(body.subarray(fault.after)));
  }
  if (fault?.kind === "other") {
    return void response.write(fault.body, () => {
      if (fault.reset) response.socket?.resetAndDestroy();
      else response.end();
    });
  }
  if (fault?.kind === "stall") return void response.write(body.subarray(0, fault.after));
  response.end(body);
}
