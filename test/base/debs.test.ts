import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkBase, debPath, fetchDebs } from "../../src/base/debs.ts";
import type { LockedBase, LockedPackage } from "../../src/base/locked.ts";
import type { Context } from "../../src/core/context.ts";
import { digestHex, digestOf } from "../../src/core/digest.ts";
import { type FakeArchive, startArchive } from "../fakes/deb-archive.ts";
import { temporaryFolder, testContext } from "../tools.ts";

interface Setting {
  readonly archive: FakeArchive;
  readonly context: Context;
  readonly locked: readonly LockedPackage[];
}

const names = ["alpha", "beta", "gamma"];

async function setting(): Promise<Setting> {
  const archive = await startArchive({ trixie: names.map((name) => ({ name })) });
  const base = testContext(join(await temporaryFolder(), "cache"));
  const locked = await Promise.all(
    names.map(async (name) => {
      const filename = `pool/main/${name}_1.0_amd64.deb`;
      const bytes = await readFile(join(archive.folder, filename));
      const sha256 = digestHex(digestOf(bytes));
      return { name, version: "1.0", architecture: "amd64", size: bytes.length, sha256, filename };
    }),
  );
  return { archive, locked, context: { ...base, env: { ...base.env, ...archive.env } } };
}

const baseOf = (packages: readonly LockedPackage[]): LockedBase => ({
  suite: "trixie",
  requested: [],
  packages,
  tools: [],
});

const cached = (context: Context): Promise<string[]> => readdir(join(context.cacheDir, "debs"));

describe("fetchDebs", () => {
  it("brings each package into the cache once, and then needs no network", async () => {
    const { archive, context, locked } = await setting();
    await mkdir(join(context.cacheDir, "debs"), { recursive: true });
    await writeFile(join(context.cacheDir, "debs/left-by-a-killed-run.tmp"), "torn");
    await fetchDebs(context, [...locked, ...locked]);
    expect((await cached(context)).sort()).toEqual(locked.map(({ sha256 }) => `${sha256}.deb`).sort());
    expect(archive.requests.length).toBe(3);
    archive.close();
    await fetchDebs(context, locked);
    expect(await checkBase(context, baseOf(locked))).toEqual({ gone: [] });
  });

  it("names all packages that left the archive, and the cure", async () => {
    const { archive, context, locked } = await setting();
    for (const name of ["alpha", "gamma"]) await rm(join(archive.folder, `pool/main/${name}_1.0_amd64.deb`));
    await expect(fetchDebs(context, locked)).rejects.toMatchObject({
      code: "base-package-gone",
      exitCode: 4,
      message: expect.stringMatching(/2 locked packages.*alpha 1\.0.*gamma 1\.0/su),
      hint: expect.stringContaining("igneous lock --update base"),
    });
    expect((await checkBase(context, baseOf(locked))).gone.map(({ name }) => name)).toEqual([
      "alpha",
      "gamma",
    ]);
  });

  it("keeps nothing of a package that is not what was locked", async () => {
    const { archive, context, locked } = await setting();
    const path = join(archive.folder, "pool/main/beta_1.0_amd64.deb");
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(fetchDebs(context, locked)).rejects.toMatchObject({
      code: "archive-untrusted",
      exitCode: 4,
    });
    const beta = locked.find(({ name }) => name === "beta");
    expect(await cached(context)).not.toContain(`${beta?.sha256}.deb`);
    expect((await cached(context)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("tries again when the archive fails for a moment", async () => {
    const { archive, context, locked } = await setting();
    archive.failNext(/alpha/u, 503, 1);
    await fetchDebs(context, locked);
    expect(archive.requests.filter((path) => path.includes("alpha")).length).toBe(2);
  });

  it("says that the archive is out of reach, and goes on from what it has", async () => {
    const { archive, context, locked } = await setting();
    await fetchDebs(context, locked.slice(0, 1));
    archive.close();
    await expect(fetchDebs(context, locked)).rejects.toMatchObject({
      code: "archive-unreachable",
      exitCode: 1,
    });
    await expect(checkBase(context, baseOf(locked))).rejects.toMatchObject({ code: "archive-unreachable" });
    expect(await cached(context)).toEqual([`${locked[0]?.sha256}.deb`]);
  });

  it("goes through the proxy that this machine's apt is told to use", async () => {
    const { archive, context, locked } = await setting();
    const config = join(await temporaryFolder(), "apt.conf");
    await writeFile(config, `Acquire::http::Proxy "${archive.uri}/";\n`);
    const env = { ...context.env, APT_CONFIG: config, IGNEOUS_DEB_MIRROR: "http://nowhere.invalid" };
    await fetchDebs({ ...context, env }, locked);
    expect((await cached(context)).length).toBe(locked.length);
  });

  it("fetches again what the cache has only a part of", async () => {
    const { context, locked } = await setting();
    await fetchDebs(context, locked);
    const first = locked.slice(0, 1);
    for (const item of first) await writeFile(debPath(context, item), "torn");
    await fetchDebs(context, locked);
    for (const item of first) expect((await readFile(debPath(context, item))).length).toBe(item.size);
  });
});
