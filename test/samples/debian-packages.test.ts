import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RunResult, run } from "../../src/host/exec.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const script = "scripts/sample-images-debian.sh";
const content = "the bytes of a package";
const sha256 = createHash("sha256").update(content).digest("hex");

/** Runs the script's fetch of one pinned package with an archive of our own as the only one. */
async function fetchFrom(
  served: Readonly<Record<string, string>>,
): Promise<RunResult & { readonly cached: readonly string[] }> {
  const server = createServer((request, response) => {
    const body = served[request.url ?? ""];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const folder = await temporaryFolder();
  await writeFile(join(folder, "pins"), `# a comment\nsocat 1.8 ${sha256} pool/socat.deb\n`);
  // No archive of the machine's own may be asked.
  await writeFile(
    join(folder, "apt.conf"),
    'Dir::Etc::SourceList "/dev/null"; Dir::Etc::SourceParts "/dev/null";',
  );
  const result = await run(testContext(), ["bash", script, "fetch", join(folder, "pins")], {
    env: {
      APT_CONFIG: join(folder, "apt.conf"),
      IGNEOUS_DEB_MIRROR: `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian/`,
      XDG_CACHE_HOME: folder,
      http_proxy: "",
    },
    okExits: [0, 1, 3],
  });
  return { ...result, cached: await readdir(join(folder, "igneous/debs")) };
}

/** The first word of each line that is no comment. */
async function names(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0] ?? "");
}

describe("the Debian packages of the sample images", () => {
  it("are taken from the mirror that the user names, and kept by their sha256", async () => {
    const { exit, stdout, cached } = await fetchFrom({ "/debian/pool/socat.deb": content });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/\/igneous\/debs\n$/);
    expect(cached).toEqual([`${sha256}.deb`]);
  });

  it("are refused when a mirror serves other bytes, and nothing is kept", async () => {
    const { exit, stderr, cached } = await fetchFrom({
      "/debian/pool/socat.deb": "other bytes of a package",
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("serves other bytes for package socat 1.8 than its pinned sha256");
    expect(cached).toEqual([]);
  });

  it("that have left the archive are named, with the command that cures it", async () => {
    const { exit, stderr, cached } = await fetchFrom({});
    expect(exit).toBe(3);
    expect(stderr).toContain("package socat 1.8 has left the archive");
    expect(stderr).toContain("scripts/sample-images.sh --update-debian");
    expect(cached).toEqual([]);
  });

  it("are all pinned that the list asks for, and none that it leaves out", async () => {
    const listed = await names("samples/debian/packages.txt");
    const pinned = await names("samples/debian/packages.lock");
    expect(pinned).toEqual(expect.arrayContaining(listed.filter((name) => !name.startsWith("-"))));
    expect(pinned.filter((name) => listed.includes(`-${name}`))).toEqual([]);
  });
});
