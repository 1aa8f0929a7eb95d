import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodePackages, toolPackages } from "../../src/base/package-lists.ts";
import { missingFromLock, resolveBase } from "../../src/base/resolve.ts";
import type { Context } from "../../src/core/context.ts";
import { type FakeArchive, type FakePackage, startArchive } from "../fakes/deb-archive.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const ours: readonly FakePackage[] = Array.from(new Set([...nodePackages, ...toolPackages]), (name) => ({
  name,
}));

const start = (
  extra: readonly FakePackage[] = [],
  updates: readonly FakePackage[] = [],
): Promise<FakeArchive> => startArchive({ trixie: [...ours, ...extra], "trixie-updates": updates });

async function contextFor(env: Readonly<Record<string, string>>): Promise<Context> {
  const context = testContext(join(await temporaryFolder(), "cache"));
  return { ...context, env: { ...context.env, ...env } };
}

const spec = (...packages: string[]): { suite: string; packages: string[] } => ({
  suite: "trixie",
  packages,
});

describe("resolveBase", () => {
  it("locks exactly what is needed, in the newest version, without the archive's host", async () => {
    const archive = await start(
      [
        { name: "libc", essential: true },
        {
          name: "htop",
          version: "2:3.4-1+b1",
          depends: "libhwloc (>= 2), awk-like | other",
          recommends: "lsof",
        },
        { name: "libhwloc", version: "2.1" },
        { name: "awk-like" },
        { name: "other" },
        { name: "lsof" },
        { name: "unrelated" },
      ],
      [{ name: "libhwloc", version: "2.2" }],
    );
    const context = await contextFor(archive.env);
    const locked = await resolveBase(context, spec("htop", "htop"));
    const names = locked.packages.map(({ name }) => name);
    expect(names).toEqual([...nodePackages, "awk-like", "htop", "libc", "libhwloc"].sort());
    expect(locked.requested).toEqual(["htop"]);
    expect(locked.tools.map(({ name }) => name)).toEqual([...toolPackages, "libc"].sort());
    const htop = locked.packages.find(({ name }) => name === "htop");
    const bytes = await readFile(join(archive.folder, "pool/main/htop_3.4-1+b1_amd64.deb"));
    expect(htop).toMatchObject({
      version: "2:3.4-1+b1",
      architecture: "amd64",
      size: bytes.length,
      filename: "pool/main/htop_3.4-1+b1_amd64.deb",
    });
    expect(locked.packages.find(({ name }) => name === "libhwloc")?.version).toBe("2.2");
    expect(JSON.stringify(locked)).not.toContain("127.0.0.1");
    expect(await resolveBase(await contextFor(archive.env), spec("htop"))).toEqual(locked);
    expect(missingFromLock(locked, ["htop"])).toEqual([]);
    expect(missingFromLock(locked, ["nano"])).toEqual(["nano"]);
    // A policy is deployed by programs of its own, in a sandbox that is one of the tools then.
    expect(missingFromLock(locked, ["selinux-policy-default"])).toEqual([
      "selinux-policy-default",
      "bubblewrap",
    ]);
  });

  it("names a package that does not exist, with the one that was meant", async () => {
    const archive = await start([{ name: "wireguard-tools" }]);
    await expect(resolveBase(await contextFor(archive.env), spec("wiregard-tools"))).rejects.toMatchObject({
      code: "base-package-unknown",
      message: expect.stringContaining("'wiregard-tools' (did you mean 'wireguard-tools'?)"),
    });
  });

  it("gives apt's own words for packages that cannot be installed together", async () => {
    const archive = await start([{ name: "mta-a", conflicts: "mta-b" }, { name: "mta-b" }]);
    await expect(resolveBase(await contextFor(archive.env), spec("mta-a", "mta-b"))).rejects.toMatchObject({
      code: "base-packages-conflict",
      message: expect.stringContaining("Conflicts: mta-b"),
    });
  });

  it("refuses an index that somebody else signed", async () => {
    const archive = await start();
    await archive.sign("trixie-updates", "other");
    await expect(resolveBase(await contextFor(archive.env), spec())).rejects.toMatchObject({
      code: "archive-untrusted",
      exitCode: 4,
    });
  });

  it("refuses a list of packages that is not the one that was signed", async () => {
    const archive = await start();
    const list = join(archive.folder, "dists/trixie/main/binary-amd64/Packages.xz");
    const bytes = await readFile(list);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(list, bytes);
    await expect(resolveBase(await contextFor(archive.env), spec())).rejects.toMatchObject({
      code: "archive-untrusted",
    });
  });

  it("says that an archive is out of reach, and how to name another one", async () => {
    const archive = await start();
    archive.close();
    await expect(resolveBase(await contextFor(archive.env), spec())).rejects.toMatchObject({
      code: "archive-unreachable",
      hint: expect.stringContaining("IGNEOUS_DEB_MIRROR"),
    });
  });

  it("takes the archive that this machine's own apt has, in either format", async () => {
    const archive = await start();
    const etc = join(await temporaryFolder(), "apt");
    await mkdir(join(etc, "sources.list.d"), { recursive: true });
    await writeFile(join(etc, "sources.list"), "deb http://vendor.invalid/node_20.x nodistro main\n");
    const stanza = `Types: deb\nURIs: ${archive.uri}/\nSuites: bookworm\nComponents: main\n`;
    await writeFile(join(etc, "sources.list.d/debian.sources"), stanza);
    const { IGNEOUS_DEB_KEYRING = "" } = archive.env;
    const context = await contextFor({ IGNEOUS_DEB_KEYRING, IGNEOUS_APT_DIR: etc, IGNEOUS_DEB_MIRROR: "" });
    expect((await resolveBase(context, spec())).packages.length).toBe(nodePackages.length);
  });

  it("asks for a mirror where this machine's apt has no Debian archive", async () => {
    const etc = await temporaryFolder();
    await writeFile(join(etc, "sources.list"), "deb http://vendor.invalid/ubuntu noble main\n");
    const context = await contextFor({ IGNEOUS_APT_DIR: etc, IGNEOUS_DEB_MIRROR: "" });
    await expect(resolveBase(context, spec())).rejects.toMatchObject({ code: "archive-unknown" });
  });
});
