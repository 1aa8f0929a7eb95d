import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { EnvHttpProxyAgent, request } from "undici";
import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { sleep } from "./clock.ts";
import { diskFull } from "./files.ts";

interface Expected {
  readonly size: number;
  readonly sha256: Sha256Hex;
}

/** What came of a download: the file is there; nobody has it; or why it could not be had this time. */
export type DownloadResult =
  | { readonly outcome: "done" }
  | { readonly outcome: "absent" }
  | { readonly outcome: "failed" | "damaged"; readonly reason: string };

export interface Downloader {
  /** Fetches a file whole or not at all; size and sha256 are checked while it streams. Network errors are tried thrice. */
  readonly download: (uri: string, path: string, expected: Expected) => Promise<DownloadResult>;
  /** Whether the server has the file; undefined when it cannot be asked. */
  readonly isServed: (uri: string) => Promise<boolean | undefined>;
}

const attempts = 3;
const timeouts = { headersTimeout: 30_000, bodyTimeout: 60_000 };

/** Gives `body` a client that keeps its connections, goes through the proxies of the environment, and is closed in the end. */
export async function withDownloader<T>(
  context: Context,
  body: (downloader: Downloader) => Promise<T>,
): Promise<T> {
  const { env } = context;
  const proxy = (name: string): string | undefined => env[name] ?? env[name.toUpperCase()];
  const [httpProxy, httpsProxy, noProxy] = [proxy("http_proxy"), proxy("https_proxy"), proxy("no_proxy")];
  const agent = new EnvHttpProxyAgent({
    // Caches of package archives take whole URLs; most refuse to be tunnelled through to port 80.
    proxyTunnel: false,
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  });
  try {
    return await body({
      download: (uri, path, expected) =>
        retried(context, () => fetchOnce(context, agent, uri, path, expected)),
      isServed: (uri) => head(context, agent, uri),
    });
  } finally {
    await agent.destroy();
  }
}

async function retried(context: Context, body: () => Promise<DownloadResult>): Promise<DownloadResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await body();
    if (result.outcome !== "failed" || attempt === attempts) return result;
    await sleep(500 * 2 ** attempt, context.signal);
  }
}

async function fetchOnce(
  context: Context,
  agent: EnvHttpProxyAgent,
  uri: string,
  path: string,
  expected: Expected,
): Promise<DownloadResult> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const response = await request(uri, { dispatcher: agent, signal: context.signal, ...timeouts });
    if (response.statusCode !== 200) {
      await response.body.dump();
      if (response.statusCode === 404 || response.statusCode === 410) return { outcome: "absent" };
      return { outcome: "failed", reason: `${uri}: HTTP status ${response.statusCode}` };
    }
    const damage = await store(response.body, temporary, expected);
    if (damage !== undefined) return { outcome: "damaged", reason: `${uri}: ${damage}` };
    await rename(temporary, path);
    return { outcome: "done" };
  } catch (error) {
    context.signal.throwIfAborted();
    const full = diskFull(error, path);
    if (full !== error) throw full;
    return { outcome: "failed", reason: `${uri}: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Writes a body to a file; says what is wrong with it, if anything is. */
async function store(
  body: AsyncIterable<Uint8Array>,
  path: string,
  expected: Expected,
): Promise<string | undefined> {
  const hash = createHash("sha256");
  let size = 0;
  const file = await open(path, "wx");
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > expected.size) return `more than the ${expected.size} bytes that were wanted`;
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (size < expected.size) return `${size} bytes instead of ${expected.size}`;
  const sha256 = hash.digest("hex");
  return sha256 === expected.sha256 ? undefined : `sha256 ${sha256} instead of ${expected.sha256}`;
}

async function head(context: Context, agent: EnvHttpProxyAgent, uri: string): Promise<boolean | undefined> {
  try {
    const options = { dispatcher: agent, signal: context.signal, ...timeouts };
    const { statusCode, body } = await request(uri, { method: "HEAD", ...options });
    await body.dump();
    if (statusCode === 404 || statusCode === 410) return false;
    return statusCode === 200 ? true : undefined;
  } catch {
    context.signal.throwIfAborted();
    return undefined;
  }
}
