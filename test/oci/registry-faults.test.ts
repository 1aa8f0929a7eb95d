import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "../../src/core/digest.ts";
import { blobPath, partialPath } from "../../src/oci/blob-cache.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage, type ResolvedImage } from "../../src/oci/resolve.ts";
import { openSource, type SourceOptions } from "../../src/oci/source.ts";
import { type FakeImage, gzipLayer, imageOf, noise, tarOf } from "../fakes/oci-image.ts";
import { type FakeRegistry, type Fault, startRegistry } from "../fakes/registry.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const hurried: SourceOptions = {
  retryPolicy: { attempts: 4, firstDelayMs: 1, longestDelayMs: 5, longestRetryAfterMs: 3000 },
  timeouts: { connectMs: 1000, headersMs: 300, idleMs: 300 },
};

let image: FakeImage;
let layerDigest: Digest;
let layerBlob: Uint8Array;

beforeAll(async () => {
  const layer = gzipLayer(await tarOf([{ name: "data", content: noise(700_000, "layer") }]));
  image = imageOf([layer]);
  layerBlob = layer.blob;
  layerDigest = digestOf(layerBlob);
});

interface Pulled {
  readonly registry: FakeRegistry;
  readonly context: ReturnType<typeof testContext>;
  readonly pull: () => Promise<ResolvedImage>;
}

/** A registry that treats blobs (not manifests) as `fault` says, and a client of it. */
async function client(
  fault: (before: number) => Fault | undefined,
  options: SourceOptions = hurried,
): Promise<Pulled> {
  const registry = await startRegistry({ v1: image });
  registry.fault = (path, before) => (path.endsWith(layerDigest) ? fault(before) : undefined);
  const context = testContext(await temporaryFolder());
  const reference = parseReference(`${registry.host}/app:v1`);
  const pull = async (): Promise<ResolvedImage> => {
    const source = await openSource(context, reference, options);
    const resolved = await resolveImage(source, reference, "linux/amd64");
    for (const layer of resolved.layers) await source.fetchBlob(layer);
    return resolved;
  };
  return { registry, context, pull };
}

const once = (fault: Fault) => (before: number) => (before === 0 ? fault : undefined);
const always = (fault: Fault) => () => fault;

describe("a registry that fails for a while", () => {
  it.each<readonly [string, Fault]>([
    ["resets the connection", { kind: "reset", after: 300_000 }],
    ["resets before the first byte", { kind: "reset", after: 0 }],
    ["stalls", { kind: "stall", after: 300_000 }],
    ["ends the body early", { kind: "truncate", after: 300_000 }],
    ["answers 500", { kind: "status", status: 500 }],
    ["answers 503", { kind: "status", status: 503 }],
    [
      "answers 429 and says when to come back",
      { kind: "status", status: 429, headers: { "retry-after": "0" } },
    ],
  ])("is asked again when it %s", async (_what, fault) => {
    const { context, pull } = await client(once(fault));
    await pull();
    expect((await readFile(blobPath(context, layerDigest))).equals(layerBlob)).toBe(true);
  });

  it("is asked only for the rest", async () => {
    const { registry, pull } = await client(once({ kind: "reset", after: 300_000 }));
    await pull();
    const ranges = registry.requests
      .filter(({ path }) => path.endsWith(layerDigest))
      .map(({ range }) => range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/u);
  });

  it("is asked for everything when it has no ranges", async () => {
    const { registry, context, pull } = await client(once({ kind: "reset", after: 300_000 }));
    registry.acceptRanges = false;
    await pull();
    expect((await readFile(blobPath(context, layerDigest))).equals(layerBlob)).toBe(true);
  });

  it("is waited for as long as it keeps sending more", async () => {
    const step = 100_000;
    const { context, pull } = await client((before) =>
      before < 6 ? { kind: "truncate", after: step } : undefined,
    );
    await pull();
    expect((await readFile(blobPath(context, layerDigest))).equals(layerBlob)).toBe(true);
  });

  it("is asked to continue what a killed process left", async () => {
    const { registry, context, pull } = await client(() => undefined);
    await mkdir(dirname(partialPath(context, layerDigest)), { recursive: true });
    await writeFile(partialPath(context, layerDigest), layerBlob.subarray(0, 123_456));
    await pull();
    expect(registry.requests.find(({ path }) => path.endsWith(layerDigest))?.range).toBe("bytes=123456-");
    expect((await readFile(blobPath(context, layerDigest))).equals(layerBlob)).toBe(true);
  });

  it("is asked anew when what was left is not the start of the blob", async () => {
    const { context, pull } = await client(() => undefined);
    await mkdir(dirname(partialPath(context, layerDigest)), { recursive: true });
    await writeFile(partialPath(context, layerDigest), Buffer.alloc(1000, "wrong"));
    await pull();
    expect((await readFile(blobPath(context, layerDigest))).equals(layerBlob)).toBe(true);
  });
});

describe("a registry that fails for good", () => {
  it.each<readonly [string, Fault, string, number]>([
    ["401", { kind: "status", status: 401 }, "registry-denied", 1],
    ["403", { kind: "status", status: 403 }, "registry-denied", 1],
    ["404", { kind: "status", status: 404 }, "image-not-found", 1],
    ["a wrong digest", { kind: "corrupt" }, "blob-digest-mismatch", 1],
    ["an endless body", { kind: "endless" }, "blob-too-large", 1],
    ["a longer body", { kind: "longer" }, "blob-too-large", 1],
    ["500 again and again", { kind: "status", status: 500 }, "registry-failed", 4],
    [
      "a pause of an hour",
      { kind: "status", status: 429, headers: { "retry-after": "3600" } },
      "registry-failed",
      1,
    ],
    ["a reset again and again", { kind: "reset", after: 0 }, "registry-failed", 4],
  ])("is given up at %s", async (_what, fault, code, tries) => {
    const { registry, pull } = await client(always(fault));
    await expect(pull()).rejects.toMatchObject({ code });
    expect(registry.requests.filter(({ path }) => path.endsWith(layerDigest))).toHaveLength(tries);
  });

  it("is named with repository, digest, what was tried and how often", async () => {
    const { registry, pull } = await client(always({ kind: "status", status: 502 }));
    const message = await pull().catch((error: unknown) => (error as Error).message);
    expect(message).toContain(`${registry.host}/app`);
    expect(message).toContain(layerDigest);
    expect(message).toContain("tried 4 times");
    expect(message).toContain("HTTP status 502");
  });

  it("never gets more of our disk than the descriptor says", async () => {
    const { context, pull } = await client(always({ kind: "endless" }));
    await expect(pull()).rejects.toMatchObject({ code: "blob-too-large" });
    expect((await readFile(partialPath(context, layerDigest))).length).toBeLessThanOrEqual(layerBlob.length);
  });

  it("does not make us read an endless manifest", async () => {
    const { registry, pull } = await client(() => undefined);
    registry.fault = () => ({ kind: "endless" });
    await expect(pull()).rejects.toMatchObject({ code: "blob-too-large" });
  });
});

describe("a registry that redirects", () => {
  it("sees no Authorization on another host", async () => {
    const elsewhere = await startRegistry({ v1: image });
    const { registry } = await client(
      always({ kind: "redirect", to: `http://${elsewhere.host}/v2/app/blobs/${layerDigest}` }),
    );
    registry.guard = requireBasic("me", "secret");
    await withAuthFile(registry.host, "me:secret", async (env) => {
      const context = { ...testContext(await temporaryFolder()), env: { ...process.env, ...env } };
      const reference = parseReference(`${registry.host}/app:v1`);
      const source = await openSource(context, reference, hurried);
      const resolved = await resolveImage(source, reference, "linux/amd64");
      for (const layer of resolved.layers) await source.fetchBlob(layer);
    });
    expect(registry.requests.some(({ authorization }) => authorization?.startsWith("Basic "))).toBe(true);
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(elsewhere.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it("is given up when it never stops", async () => {
    const { registry, pull } = await client(always({ kind: "redirect", to: "?again" }));
    registry.fault = (path) => (path.includes(layerDigest) ? { kind: "redirect", to: "?again" } : undefined);
    await expect(pull()).rejects.toMatchObject({ code: "registry-failed" });
  });
});

describe("two processes that want one blob", () => {
  it("fetch it once", async () => {
    const { registry, context } = await client(() => undefined);
    const reference = parseReference(`${registry.host}/app:v1`);
    const blob = { digest: layerDigest, size: layerBlob.length };
    const sources = await Promise.all([1, 2, 3].map(() => openSource(context, reference, hurried)));
    await Promise.all(sources.map((source) => source.fetchBlob(blob)));
    expect(registry.requests.filter(({ path }) => path.endsWith(layerDigest))).toHaveLength(1);
  });
});

function requireBasic(name: string, password: string): NonNullable<FakeRegistry["guard"]> {
  const wanted = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
  return (request, response) => {
    if (request.headers.authorization === wanted) return true;
    response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
    return false;
  };
}

async function withAuthFile(
  host: string,
  pair: string,
  body: (env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const path = join(await temporaryFolder(), "auth.json");
  await writeFile(
    path,
    JSON.stringify({ auths: { [host]: { auth: Buffer.from(pair).toString("base64") } } }),
  );
  await body({ REGISTRY_AUTH_FILE: path });
}
