import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { importImages } from "../../src/commands/import.ts";
import { digestOf } from "../../src/core/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage, type ResolvedImage } from "../../src/oci/resolve.ts";
import { openSource, type SourceOptions } from "../../src/oci/source.ts";
import { startDockerRegistry } from "../fakes/docker-registry.ts";
import { gzipLayer, imageOf, noise, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

let folder: string;
let layout: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  layout = join(folder, "layout");
  const layer = gzipLayer(await tarOf([{ name: "data", content: noise(400_000, "a") }]));
  await writeLayout(layout, { v1: imageOf([layer]) });
});

/** `skopeo copy`, which speaks to registries by the same library as podman. */
function skopeoCopy(from: string, to: string, ...more: readonly string[]): void {
  const policy = ["--insecure-policy"];
  execFileSync(requireTool("skopeo"), [
    ...policy,
    "copy",
    "-q",
    "--dest-tls-verify=false",
    "--src-tls-verify=false",
    ...more,
    from,
    to,
  ]);
}

async function resolveFrom(
  reference: string,
  options: SourceOptions = {},
  env: object = {},
): Promise<ResolvedImage> {
  const base = testContext(join(folder, "cache"));
  const context = { ...base, env: { ...base.env, ...env } };
  const parsed = parseReference(reference);
  const source = await openSource(context, parsed, options);
  const image = await resolveImage(source, parsed, "linux/amd64");
  for (const layer of image.layers) await source.fetchBlob(layer);
  return image;
}

describe("a real registry", () => {
  it("gives what skopeo put there, with the same digests", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/team/app:v1`);
    const image = await resolveFrom(`${host}/team/app:v1`);
    const inspected = execFileSync(requireTool("skopeo"), [
      "inspect",
      "--tls-verify=false",
      "--raw",
      `docker://${host}/team/app:v1`,
    ]);
    expect(digestOf(inspected)).toBe(image.manifestDigest);
    expect(Buffer.from(image.rawManifest).equals(inspected)).toBe(true);
  });

  it("gives Docker's schema 2 as well, and the same tree", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:oci`);
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:docker`, "--format", "v2s2");
    const context = testContext(join(folder, "cache"));
    const references = [`${host}/app:oci`, `${host}/app:docker`];
    const [oci, docker] = await importImages(context, { references, repo: join(folder, "repo") });
    expect(oci?.manifestDigest).not.toBe(docker?.manifestDigest);
    const tree = (commit = ""): string => {
      const argv = [`--repo=${folder}/repo`, "ls", "-R", "-C", "-X", commit];
      return execFileSync(requireTool("ostree"), argv, { encoding: "utf8" });
    };
    expect(tree(docker?.commit)).toBe(tree(oci?.commit));
  });

  it("chooses the platform from an index, and passes over attestations", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    const layer = gzipLayer(await tarOf([{ name: "arm", content: "arm" }]));
    const arm = imageOf([layer], { config: { architecture: "arm64" } });
    await writeLayout(join(folder, "arm"), { arm });
    skopeoCopy(`oci:${folder}/arm:arm`, `docker://${host}/app:arm`);
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:amd`);
    const amd = await resolveFrom(`${host}/app:amd`);
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType,
          digest: digestOf(arm.manifest),
          size: arm.manifest.length,
          annotations: { "vnd.docker.reference.type": "attestation-manifest" },
          platform: { os: "unknown", architecture: "unknown" },
        },
        {
          mediaType,
          digest: digestOf(arm.manifest),
          size: arm.manifest.length,
          platform: { os: "linux", architecture: "arm64", variant: "v8" },
        },
        {
          mediaType,
          digest: amd.manifestDigest,
          size: amd.rawManifest.length,
          platform: { os: "linux", architecture: "amd64" },
        },
      ],
    });
    const pushed = await fetch(`http://${host}/v2/app/manifests/multi`, {
      method: "PUT",
      headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
      body: index,
    });
    expect(pushed.status).toBe(201);
    const image = await resolveFrom(`${host}/app:multi`);
    expect(image.manifestDigest).toBe(amd.manifestDigest);
    expect(image.indexDigest).toBe(digestOf(index));
    const parsed = parseReference(`${host}/app:multi`);
    const source = await openSource(testContext(join(folder, "cache")), parsed);
    expect((await resolveImage(source, parsed, "linux/arm64")).manifestDigest).toBe(digestOf(arm.manifest));
    await expect(resolveImage(source, parsed, "linux/s390x")).rejects.toMatchObject({
      code: "platform-not-found",
      message: expect.stringContaining("linux/arm64/v8, linux/amd64") as string,
    });
  });

  it("wants a password, and takes it from podman's file, docker's file or a helper", async () => {
    // bcrypt of "secret", as `htpasswd -B` writes it.
    const htpasswd = "me:$2y$05$JZXIGBEjGNiFj7UDrLpHZuQktmQIj43.ega5jxSwsSigoIwHcY2cu";
    const { host } = await startDockerRegistry(join(folder, "registry"), { htpasswd });
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:v1`, "--dest-creds", "me:secret");
    const none = {
      HOME: folder,
      XDG_RUNTIME_DIR: "",
      REGISTRY_AUTH_FILE: "",
      DOCKER_CONFIG: "",
      XDG_CONFIG_HOME: "",
    };
    await expect(resolveFrom(`${host}/app:v1`, {}, none)).rejects.toMatchObject({ code: "registry-denied" });

    const podmanFile = join(folder, "auth.json");
    execFileSync(requireTool("skopeo"), [
      "login",
      "--tls-verify=false",
      "--authfile",
      podmanFile,
      "-u",
      "me",
      "-p",
      "secret",
      host,
    ]);
    await resolveFrom(`${host}/app:v1`, {}, { ...none, REGISTRY_AUTH_FILE: podmanFile });

    const helper = `#!/bin/sh\nread -r server; [ "$server" = "${host}" ] || { echo "credentials not found"; exit 1; }\necho '{"ServerURL":"","Username":"me","Secret":"secret"}'\n`;
    writeFileSync(join(folder, "docker-credential-test"), helper, { mode: 0o755 });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ credHelpers: { [host]: "test" } }));
    const path = `${folder}:${process.env["PATH"] ?? ""}`;
    await resolveFrom(`${host}/app:v1`, {}, { ...none, DOCKER_CONFIG: folder, PATH: path });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ credsStore: "test" }));
    await resolveFrom(`${host}/app:v1`, {}, { ...none, DOCKER_CONFIG: folder, PATH: path });

    const credentialSource = async () => ({ kind: "password", username: "me", password: "secret" }) as const;
    await resolveFrom(`${host}/app:v1`, { credentialSource }, none);
    const wrong = async () => ({ kind: "password", username: "me", password: "wrong" }) as const;
    const refused = resolveFrom(`${host}/app:v1`, { credentialSource: wrong }, none);
    await expect(refused).rejects.toMatchObject({ code: "registry-denied" });
  });

  it("is trusted by a CA file of its own, and not without", async () => {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const argv = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    execFileSync(requireTool("openssl"), [...argv, ...subject, "-keyout", key, "-out", certificate], {
      stdio: "ignore",
    });
    const { host } = await startDockerRegistry(join(folder, "registry"), { tls: { certificate, key } });
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:v1`);
    const reference = `${host}/app:v1`;
    await resolveFrom(reference, { registries: { [host]: { plainHttp: false, caFile: certificate } } });
    const untrusted = resolveFrom(reference, { registries: { [host]: { plainHttp: false } } });
    await expect(untrusted).rejects.toMatchObject({
      code: "registry-failed",
      message: expect.stringContaining("once") as string,
    });
  });

  it("is not asked when a mirror has the image, be it a registry or a layout", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/mirror/library/app:v1`);
    const viaRegistry = await resolveFrom("docker.io/library/app:v1", {
      registries: { "docker.io": { mirrors: [`${host}/mirror`] } },
    });
    skopeoCopy(`oci:${layout}:v1`, `oci:${folder}/air-gap:docker.io/library/app:v1`);
    const viaLayout = await resolveFrom("docker.io/library/app:v1", {
      registries: { "docker.io": { mirrors: ["localhost:1/dead", "oci:air-gap"] } },
      folder,
      retryPolicy: { attempts: 1, firstDelayMs: 1, longestDelayMs: 1, longestRetryAfterMs: 1 },
    });
    expect(viaLayout.manifestDigest).toBe(viaRegistry.manifestDigest);
  });

  it("is reached through the proxy that the environment names", async () => {
    const { createServer } = await import("node:http");
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as { port: number };
    const options = { registries: { "registry.invalid": { plainHttp: true } } };
    const pulled = resolveFrom("registry.invalid/app:v1", options, {
      http_proxy: `http://127.0.0.1:${port}`,
    });
    await expect(pulled).rejects.toMatchObject({ code: "image-not-found" });
    proxy.closeAllConnections();
    proxy.close();
    expect(seen).toEqual(["http://registry.invalid/v2/app/manifests/v1"]);
  });

  it("need not be there when everything that a digest names is in the cache", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    skopeoCopy(`oci:${layout}:v1`, `docker://${host}/app:v1`);
    const image = await resolveFrom(`${host}/app:v1`);
    const again = await resolveFrom(`localhost:1/app@${image.manifestDigest}`);
    expect(again.layers).toEqual(image.layers);
  });
});
