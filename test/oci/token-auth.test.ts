import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parseChallenge } from "../../src/oci/auth-challenge.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { openSource } from "../../src/oci/source.ts";
import { type FakeImage, gzipLayer, imageOf, tarOf } from "../fakes/oci-image.ts";
import { type FakeRegistry, startRegistry } from "../fakes/registry.ts";
import { temporaryFolder, testContext } from "../tools.ts";

interface TokenServer {
  readonly origin: string;
  readonly asked: {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
    readonly body: string;
  }[];
  /** Tokens that are good; tests take them away again. */
  readonly valid: Set<string>;
  answer: (
    authorization: string | undefined,
    body: string,
  ) => { readonly status: number; readonly json: object };
}

async function startTokenServer(): Promise<TokenServer> {
  let count = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { authorization } = request.headers;
      tokens.asked.push({ method: request.method ?? "", url: request.url ?? "", authorization, body });
      const { status, json } = tokens.answer(authorization, body);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    });
  });
  const tokens: TokenServer = {
    origin: "",
    asked: [],
    valid: new Set(),
    answer() {
      const token = `token-${++count}`;
      tokens.valid.add(token);
      return { status: 200, json: { token, expires_in: 300 } };
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(tokens, { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function guardWith(registry: FakeRegistry, tokens: TokenServer): void {
  registry.guard = (request, response) => {
    if (tokens.valid.has((request.headers.authorization ?? "").replace(/^Bearer /u, ""))) return true;
    const challenge = `Bearer realm="${tokens.origin}/token",service="fake",scope="repository:team/app:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return false;
  };
}

let image: FakeImage;
beforeAll(async () => {
  image = imageOf([
    gzipLayer(await tarOf([{ name: "a", content: "a" }])),
    gzipLayer(await tarOf([{ name: "b", content: "b" }])),
  ]);
});

async function open(registry: FakeRegistry, env: object = {}) {
  const context = testContext(await temporaryFolder());
  const parsed = parseReference(`${registry.host}/team/app:v1`);
  const source = await openSource(
    { ...context, env: { ...context.env, REGISTRY_AUTH_FILE: "/nonexistent", ...env } },
    parsed,
  );
  return { source, resolve: () => resolveImage(source, parsed, "linux/amd64") };
}

describe("a registry that wants a token", () => {
  it("gets the one that its token server gives, for pulling from this repository", async () => {
    const [registry, tokens] = [await startRegistry({ v1: image }), await startTokenServer()];
    guardWith(registry, tokens);
    const { resolve } = await open(registry);
    await resolve();
    expect(tokens.asked).toHaveLength(1);
    const url = new URL(tokens.asked[0]?.url ?? "", tokens.origin);
    expect(url.searchParams.get("service")).toBe("fake");
    expect(url.searchParams.get("scope")).toBe("repository:team/app:pull");
  });

  it("gets a new one when the old one has ended, also for several blobs at once", async () => {
    const [registry, tokens] = [await startRegistry({ v1: image }), await startTokenServer()];
    guardWith(registry, tokens);
    const { source, resolve } = await open(registry);
    const { layers } = await resolve();
    tokens.valid.clear();
    await Promise.all(layers.map((layer) => source.fetchBlob(layer)));
    expect(tokens.asked.length).toBeLessThanOrEqual(3);
    expect(tokens.asked.length).toBeGreaterThan(1);
  });

  it("is refused for good when the new token is no better", async () => {
    const [registry, tokens] = [await startRegistry({ v1: image }), await startTokenServer()];
    guardWith(registry, tokens);
    tokens.answer = () => ({ status: 200, json: { token: "useless" } });
    const { resolve } = await open(registry);
    await expect(resolve()).rejects.toMatchObject({ code: "registry-denied" });
    expect(tokens.asked).toHaveLength(1);
  });

  it("is refused for good when the token server says no", async () => {
    const [registry, tokens] = [await startRegistry({ v1: image }), await startTokenServer()];
    guardWith(registry, tokens);
    tokens.answer = () => ({ status: 401, json: {} });
    const { resolve } = await open(registry);
    await expect(resolve()).rejects.toMatchObject({
      code: "registry-denied",
      hint: expect.stringContaining("login") as string,
    });
  });

  it("takes an identity token of docker's file to the token server, and nowhere else", async () => {
    const [registry, tokens] = [await startRegistry({ v1: image }), await startTokenServer()];
    guardWith(registry, tokens);
    const file = join(await temporaryFolder(), "auth.json");
    await writeFile(
      file,
      JSON.stringify({ auths: { [registry.host]: { identitytoken: "identity-secret" } } }),
    );
    const { resolve } = await open(registry, { REGISTRY_AUTH_FILE: file });
    await resolve();
    expect(tokens.asked[0]).toMatchObject({ method: "POST", authorization: undefined });
    expect(new URLSearchParams(tokens.asked[0]?.body).get("refresh_token")).toBe("identity-secret");
    expect(JSON.stringify(registry.requests)).not.toContain("identity-secret");
  });
});

describe("parseChallenge", () => {
  it.each([
    [
      'Bearer realm="https://a/t",service="s",scope="x y"',
      { scheme: "bearer", realm: "https://a/t", service: "s", scope: "x y" },
    ],
    ['bearer realm="https://a/t"', { scheme: "bearer", realm: "https://a/t" }],
    ['Basic realm="x", Bearer realm="https://a/t"', { scheme: "bearer", realm: "https://a/t" }],
    ["Basic", { scheme: "basic" }],
    ['Bearer realm="not a url"', undefined],
    ["Negotiate", undefined],
    ["", undefined],
  ])("reads %s", (header, challenge) => {
    expect(parseChallenge(header)).toEqual(challenge);
  });
});
