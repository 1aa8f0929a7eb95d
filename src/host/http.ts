import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import type { Agent, Dispatcher } from "undici";
import type { Context } from "../core/context.ts";
import { IgneousError, systemErrorCode } from "../core/errors.ts";

export interface HttpTimeouts {
  readonly connectMs: number;
  /** Until the headers of the answer are there. */
  readonly headersMs: number;
  /** Longest silence within a body. */
  readonly idleMs: number;
}

export const defaultTimeouts: HttpTimeouts = { connectMs: 15_000, headersMs: 60_000, idleMs: 60_000 };

export interface HttpRequest {
  readonly url: URL;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Fails with {@link HttpFailure} when the connection does. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends a response whose body nobody wants. */
  readonly discard: () => Promise<void>;
}

/** Sends one request; redirects are not followed, nothing is tried twice. */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

/** There was no answer, or only a part of one. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  /** Whether the same request may well succeed a little later. */
  readonly isTransient: boolean;

  constructor(message: string, isTransient: boolean, cause: unknown) {
    super(message, { cause });
    this.isTransient = isTransient;
  }
}

interface ClientOptions {
  /** PEM file of certificate authorities to trust as well. */
  readonly caFile?: string;
  readonly timeouts?: HttpTimeouts;
}

/** A client that keeps connections alive and goes through the proxies that the environment names. */
export async function createHttpClient(context: Context, options: ClientOptions = {}): Promise<HttpClient> {
  // A tenth of a second that a bake with nothing to fetch need not wait for.
  const undici = await import("./undici.ts");
  const timeouts = options.timeouts ?? defaultTimeouts;
  const connect = {
    timeout: timeouts.connectMs,
    ...(options.caFile === undefined ? {} : { ca: [...rootCertificates, await readCa(options.caFile)] }),
  };
  const limits = { headersTimeout: timeouts.headersMs, bodyTimeout: timeouts.idleMs, connect };
  const direct = new undici.Agent(limits);
  const proxied = proxyAgent(undici, context, limits, connect);
  return async ({ url, method = "GET", headers = {}, body }) => {
    const dispatcher = isLoopback(url.hostname) ? direct : proxied;
    const what = `${method} ${url.origin}${url.pathname}`;
    try {
      const answer = await undici.request(url, {
        method,
        headers,
        dispatcher,
        signal: context.signal,
        body: body ?? null,
      });
      return {
        status: answer.statusCode,
        header: (name) => first(answer.headers[name]),
        body: guarded(context, answer.body, what),
        discard: () => answer.body.dump({ limit: 65_536 }),
      };
    } catch (error) {
      context.signal.throwIfAborted();
      throw failure(what, error);
    }
  };
}

function proxyAgent(
  undici: typeof import("./undici.ts"),
  context: Context,
  limits: Agent.Options,
  tls: object,
): Dispatcher {
  const read = (name: string): string | undefined =>
    context.env[name] || context.env[name.toUpperCase()] || undefined;
  const [httpProxy, httpsProxy, noProxy] = [read("http_proxy"), read("https_proxy"), read("no_proxy")];
  return new undici.EnvHttpProxyAgent({
    ...limits,
    requestTls: tls,
    // Proxies let CONNECT through to TLS ports only; plain requests are sent to them as such.
    proxyTunnel: false,
    // Given as empty texts where unset, since undici would look into the environment of the process by itself.
    httpProxy: httpProxy ?? "",
    httpsProxy: httpsProxy ?? "",
    noProxy: noProxy ?? "",
  });
}

async function* guarded(
  context: Context,
  body: AsyncIterable<Uint8Array>,
  what: string,
): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    context.signal.throwIfAborted();
    throw failure(what, error);
  }
}

/** Names and certificates do not get better by waiting. */
const permanent =
  /^(?:ENOTFOUND|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO|HPE_|UND_ERR_INVALID)/u;

function failure(what: string, error: unknown): HttpFailure {
  const code = systemErrorCode(error) ?? "";
  const reason = error instanceof Error ? error.message || code : String(error);
  return new HttpFailure(
    `${what}: ${reason}${code === "" || reason.includes(code) ? "" : ` (${code})`}`,
    !permanent.test(code),
    error,
  );
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    hostname === "::1" ||
    /^127(?:\.\d+){3}$/u.test(hostname)
  );
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new IgneousError("file-not-found", `the CA file ${path} cannot be read`, { cause: error });
  }
}
