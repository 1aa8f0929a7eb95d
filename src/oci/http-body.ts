import { IgneousError } from "../core/errors.ts";
import type { HttpResponse } from "../host/http.ts";
import { TransientFailure } from "./retry.ts";

/** Reads a whole body of at most `limit` bytes. */
export async function readBody(response: HttpResponse, limit: number, what: string): Promise<Buffer> {
  const declared = Number(response.header("content-length") ?? 0);
  if (declared > limit) {
    await response.discard();
    throw tooLarge(what, limit);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(what, limit);
    chunks.push(chunk);
  }
  if (size < declared)
    throw new TransientFailure(`${what}: the body ended after ${size} of ${declared} bytes`);
  return Buffer.concat(chunks);
}

/** The error for a status that is not the wanted one: transient when the server is busy or broken, else final. */
export async function statusFailure(response: HttpResponse, what: string): Promise<Error> {
  const { status } = response;
  const retryAfterMs = parseRetryAfter(response.header("retry-after"), Date.now());
  await response.discard();
  const message = `${what}: HTTP status ${status}`;
  if (status === 408 || status === 429 || status >= 500) return new TransientFailure(message, retryAfterMs);
  return new IgneousError("registry-failed", message);
}

/** Seconds or a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/u.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function tooLarge(what: string, limit: number): IgneousError {
  return new IgneousError("blob-too-large", `${what} sent more than ${limit} bytes`);
}
