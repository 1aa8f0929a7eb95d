import { type Digest, digestOf, isDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { HttpClient, HttpResponse } from "../host/http.ts";
import type { Authorizer } from "./authorizer.ts";
import { readBody, statusFailure } from "./http-body.ts";
import { type BlobDescriptor, type BlobServer, manifestLimit } from "./image-source.ts";
import { indexTypes, manifestTypes } from "./media-type.ts";
import { TransientFailure } from "./retry.ts";

interface RegistryOptions {
  /** As in references. */
  readonly registry: string;
  readonly repository: string;
  readonly plainHttp: boolean;
  readonly authorizer: Authorizer;
}

const longestRedirect = 5;

/**
 * One repository of a registry, by the distribution spec. Every call is one try; failures that may pass are told
 * from those that will not. Authorization never goes to another host than the registry's own.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function openRegistry(http: HttpClient, options: RegistryOptions): BlobServer {
  const { registry, repository, plainHttp, authorizer } = options;
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const base = `${plainHttp ? "http" : "https"}://${host}/v2/${repository}`;
  const name = `${registry}/${repository}`;

  const authorized = async (url: URL, headers: Readonly<Record<string, string>>): Promise<HttpResponse> => {
    for (let isSecond = false; ; isSecond = true) {
      const sent = authorizer.header();
      const response = await http({
        url,
        headers: sent === undefined ? headers : { ...headers, authorization: sent },
      });
      if (response.status !== 401 || isSecond) return response;
      await response.discard();
      if (!(await authorizer.answer(response.header("www-authenticate"), sent))) return response;
    }
  };

  const get = async (path: string, headers: Readonly<Record<string, string>>): Promise<HttpResponse> => {
    const first = new URL(`${base}/${path}`);
    let url = first;
    let response = await authorized(url, headers);
    for (let redirects = 0; isRedirect(response.status); redirects++) {
      const location = response.header("location");
      await response.discard();
      if (location === undefined || redirects === longestRedirect)
        throw failed(name, `${url.origin} redirects without end`);
      const next = new URL(location, url);
      if (!/^https?:$/u.test(next.protocol)) throw failed(name, `it redirects to ${next.protocol}`);
      if (url.protocol === "https:" && next.protocol !== "https:")
        throw failed(name, `it redirects to ${next.origin}, which has no TLS`);
      url = next;
      response = url.origin === first.origin ? await authorized(url, headers) : await http({ url, headers });
    }
    return response;
  };

  const expect = async (response: HttpResponse, what: string, ok: readonly number[]): Promise<void> => {
    if (ok.includes(response.status)) return;
    if (response.status === 404) {
      await response.discard();
      throw new IgneousError("image-not-found", `${what} is not there (HTTP 404)`, {
        hint: "check the reference; the registry may also hide what a login would show",
      });
    }
    if (response.status === 401 || response.status === 403) {
      await response.discard();
      throw new IgneousError("registry-denied", `${what} may not be read (HTTP ${response.status})`, {
        hint: `log in: podman login ${registry}`,
      });
    }
    throw await statusFailure(response, what);
  };

  return {
    name,
    async getManifest(tagOrDigest) {
      const tag = tagOrDigest ?? "latest";
      const what = `the manifest ${tag} of ${name}`;
      const accept = [...manifestTypes, ...indexTypes].join(", ");
      const response = await get(`manifests/${tag}`, { accept });
      await expect(response, what, [200]);
      const bytes = await readBody(response, manifestLimit, what);
      const mediaType = response.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      return {
        bytes,
        digest: expectedDigest(tag, response.header("docker-content-digest"), bytes, what),
        mediaType,
      };
    },
    async openBlob(blob, offset) {
      const what = `the blob ${blob.digest} of ${name}`;
      const range = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await get(`blobs/${blob.digest}`, { ...range, "accept-encoding": "identity" });
      // Already complete, or the server lost interest in ranges: from the start again.
      if (response.status === 416 && offset > 0) {
        await response.discard();
        throw new RangeRefused(`${what}: HTTP status 416`);
      }
      await expect(response, what, [200, 206]);
      const start = response.status === 206 ? rangeStart(response, offset, what) : 0;
      await checkLength(response, blob, start, what);
      return { offset: start, chunks: response.body };
    },
  };
}

/** The server will not continue where we stopped. */
export class RangeRefused extends TransientFailure {}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function expectedDigest(tag: string, header: string | undefined, bytes: Uint8Array, what: string): Digest {
  const actual = digestOf(bytes);
  const wanted = isDigest(tag) ? tag : header !== undefined && isDigest(header) ? header : actual;
  if (wanted !== actual)
    throw new IgneousError(
      "blob-digest-mismatch",
      `${what} was served with the digest ${actual} instead of ${wanted}`,
    );
  return actual;
}

function rangeStart(response: HttpResponse, offset: number, what: string): number {
  const start = /^bytes (\d+)-/u.exec(response.header("content-range") ?? "")?.[1];
  if (start !== undefined && Number(start) === offset) return offset;
  throw new TransientFailure(
    `${what}: asked for bytes from ${offset}, got '${response.header("content-range") ?? "no range"}'`,
  );
}

async function checkLength(
  response: HttpResponse,
  blob: BlobDescriptor,
  start: number,
  what: string,
): Promise<void> {
  const declared = response.header("content-length");
  if (declared === undefined || Number(declared) <= blob.size - start) return;
  await response.discard();
  throw new IgneousError(
    "blob-too-large",
    `${what} comes with ${Number(declared) + start} bytes; its descriptor says ${blob.size}`,
  );
}

function failed(name: string, why: string): IgneousError {
  return new IgneousError("registry-failed", `${name}: ${why}`);
}
