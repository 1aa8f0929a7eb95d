import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

export interface FakePackage {
  readonly name: string;
  readonly version?: string;
  readonly depends?: string;
  readonly recommends?: string;
  readonly conflicts?: string;
  readonly essential?: boolean;
  /** Folder whose files the package has. */
  readonly files?: string;
}

export interface FakeArchive {
  readonly uri: string;
  readonly folder: string;
  /** What the environment says so that igneous uses this archive and its key. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** Answers the next requests for a path with this status instead. */
  readonly failNext: (path: RegExp, status: number, times: number) => void;
  readonly sign: (suite: string, key: "trusted" | "other") => Promise<void>;
  readonly close: () => void;
}

/** An archive as Debian's, on loopback: packages built by dpkg-deb, an index signed by a key that was made for it. */
export async function startArchive(
  suites: Readonly<Record<string, readonly FakePackage[]>>,
): Promise<FakeArchive> {
  const folder = await temporaryFolder();
  const gnupg = join(folder, "gnupg");
  await mkdir(gnupg, { mode: 0o700 });
  const gpg = async (...args: string[]): Promise<void> => {
    await run(testContext(), [requireTool("gpg"), "--batch", "--quiet", "--homedir", gnupg, ...args]);
  };
  for (const name of ["trusted", "other"]) {
    await gpg("--passphrase", "", "--quick-gen-key", `${name}@example.invalid`, "ed25519", "sign", "never");
  }
  const keyring = join(folder, "keyring.gpg");
  await gpg("--output", keyring, "--export", "trusted@example.invalid");
  const sign = async (suite: string, key: string): Promise<void> => {
    const release = join(folder, "dists", suite, "Release");
    const signed = join(folder, "dists", suite, "InRelease");
    await rm(signed, { force: true });
    await gpg("--local-user", `${key}@example.invalid`, "--output", signed, "--clearsign", release);
  };
  for (const [suite, packages] of Object.entries(suites)) {
    await publish(folder, suite, packages);
    await sign(suite, "trusted");
  }
  await run(testContext(), ["gpgconf", "--homedir", gnupg, "--kill", "gpg-agent"]);

  const requests: string[] = [];
  let failure = { path: /^$/u, status: 0, times: 0 };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://archive.invalid").pathname);
    requests.push(path);
    if (failure.times > 0 && failure.path.test(path)) {
      failure = { ...failure, times: failure.times - 1 };
      response.writeHead(failure.status).end();
      return;
    }
    const body = await readFile(join(folder, path)).catch(() => undefined);
    if (body === undefined) response.writeHead(404).end();
    else
      response.writeHead(200, { "content-length": body.length }).end(request.method === "HEAD" ? "" : body);
  });
  const close = (): void => closeServer(server);
  onTestFinished(close);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { IGNEOUS_DEB_MIRROR: uri, IGNEOUS_DEB_KEYRING: keyring };
  const failNext = (path: RegExp, status: number, times: number): void => {
    failure = { path, status, times };
  };
  return { uri, folder, env, requests, failNext, sign, close };
}

function closeServer(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Builds the packages of a suite and writes its Packages and Release. */
async function publish(folder: string, suite: string, packages: readonly FakePackage[]): Promise<void> {
  const stanzas = await Promise.all(packages.map((item) => build(folder, item)));
  const index = join(folder, "dists", suite, "main/binary-amd64");
  await mkdir(index, { recursive: true });
  await writeFile(join(index, "Packages"), stanzas.sort().join("\n"));
  await run(testContext(), ["xz", "--keep", join(index, "Packages")]);
  const hashes = await Promise.all(
    ["Packages", "Packages.xz"].map(async (name) => {
      const bytes = await readFile(join(index, name));
      return ` ${sha256(bytes)} ${bytes.length} main/binary-amd64/${name}\n`;
    }),
  );
  await rm(join(index, "Packages"));
  const release = `Origin: Fake
Suite: ${suite}
Codename: ${suite}
Date: ${new Date().toUTCString().replace("GMT", "+0000")}
Architectures: amd64
Components: main
SHA256:
${hashes.join("")}`;
  await writeFile(join(folder, "dists", suite, "Release"), release);
}

async function build(folder: string, item: FakePackage): Promise<string> {
  const { name, version = "1.0", depends, recommends, conflicts, essential, files } = item;
  const control = `Package: ${name}
Version: ${version}
Architecture: amd64
Maintainer: Nobody <nobody@example.invalid>
Description: fake
${depends === undefined ? "" : `Depends: ${depends}\n`}${recommends === undefined ? "" : `Recommends: ${recommends}\n`}${
  conflicts === undefined ? "" : `Conflicts: ${conflicts}\n`
}${essential === true ? "Essential: yes\n" : ""}`;
  const root = join(folder, "build", `${name}-${version.replaceAll(":", "_")}`);
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await writeFile(join(root, "DEBIAN/control"), control);
  if (files !== undefined) await run(testContext(), ["cp", "-a", `${files}/.`, root]);
  const path = `pool/main/${name}_${version.replace(/^\d+:/u, "")}_amd64.deb`;
  await mkdir(join(folder, "pool/main"), { recursive: true });
  await run(testContext(), ["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, join(folder, path)]);
  const bytes = await readFile(join(folder, path));
  return `${control}Filename: ${path}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
