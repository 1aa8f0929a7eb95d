import { execFileSync } from "node:child_process";
import { appendFile, chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { findLockOf, keepLock } from "../../src/commands/build-changes.ts";
import { loadProject, requireLock } from "../../src/commands/project.ts";
import { keepShape } from "../../src/commands/spec-changes.ts";
import type { IgneousError } from "../../src/core/errors.ts";
import { readLock, writeLock } from "../../src/lock/file.ts";
import { formatLock } from "../../src/lock/format.ts";
import { testIo } from "../cli/test-io.ts";
import { digestOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

async function sampleProject(): Promise<string> {
  const folder = await temporaryFolder();
  for (const file of ["igneous.yaml", "images.lock.json", "butane"])
    await cp(file, join(folder, file), { recursive: true });
  return folder;
}

const lockCommand = async (cwd: string, ...argv: readonly string[]) => {
  const { io, seen } = testIo({ cwd });
  await runProgram(io, ["node", "igneous", "lock", ...argv]);
  return seen;
};

describe("lock --check of a changed spec", () => {
  it("names the fields, by what the last lock here kept", async () => {
    const folder = await sampleProject();
    await keepShape(await loadProject(folder));
    await appendFile(join(folder, "igneous.yaml"), "kernelArguments: [quiet]\ndisk: { size: 8GiB }\n");
    const { stdout, exit } = await lockCommand(folder, "--check");
    expect(exit).toBe(4);
    expect(stdout).toContain('  + disk.size: "8GiB"\n  ~ kernelArguments: locked [], now ["quiet"]\n');
    expect(stdout).toContain("next: igneous lock\n");
    await expect(requireLock(await loadProject(folder))).rejects.toThrow("+ disk.size");
  });

  it("names the fields, by what git has of the commit of the lock", async () => {
    const folder = await sampleProject();
    const git = (...words: readonly string[]): unknown =>
      execFileSync(requireTool("git"), ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@y", ...words]);
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "all");
    await appendFile(join(folder, "igneous.yaml"), "kernelArguments: [quiet]\n");
    expect((await lockCommand(folder, "--check")).stdout).toContain(
      '  ~ kernelArguments: locked [], now ["quiet"]\n',
    );
  });

  it("tells the digests when nobody knows the spec that was locked", async () => {
    const folder = await sampleProject();
    await appendFile(join(folder, "igneous.yaml"), "kernelArguments: [quiet]\n");
    expect((await lockCommand(folder, "--check")).stdout).toMatch(/~ spec: locked sha256:.* now sha256:/u);
  });
});

describe("lock --check of files that a template embeds", () => {
  it("names each that changed, came, went, or became a program", async () => {
    const folder = await sampleProject();
    await mkdir(join(folder, "butane/tree"));
    await writeFile(join(folder, "butane/motd"), "a");
    await writeFile(join(folder, "butane/tree/old"), "a");
    await writeFile(join(folder, "butane/tree/tool"), "a");
    const template =
      "variant: fcos\nversion: 1.4.0\nstorage:\n  files:\n    - path: /etc/motd\n      contents: { local: motd }\n  trees:\n    - local: tree\n      path: /etc/tree\n";
    await writeFile(join(folder, "butane/image.bu.hbs"), template);
    const { templates } = (await loadProject(folder)).wanted;
    await writeLock(folder, { ...(await readLock(folder)), templates: { ...templates } });
    expect((await lockCommand(folder, "--check")).exit).toBe(0);
    await writeFile(join(folder, "butane/motd"), "b");
    await rm(join(folder, "butane/tree/old"));
    await writeFile(join(folder, "butane/tree/new"), "a");
    await chmod(join(folder, "butane/tree/tool"), 0o755);
    const { exit, stdout } = await lockCommand(folder, "--check");
    expect(exit).toBe(4);
    expect(stdout).toMatch(/~ template butane\/motd: locked sha256/u);
    expect(stdout).toMatch(/\+ template butane\/tree\/new: sha256/u);
    expect(stdout).toContain("- template butane/tree/old: no longer in the spec");
    expect(stdout).toMatch(/\+ template butane\/tree\/tool \(executable\): sha256/u);
  });
});

describe("lock --merge", () => {
  it("takes the builds, AMIs and rollouts of the other side, newest first", async () => {
    const folder = await temporaryFolder();
    const [build] = sampleLock.builds;
    if (build === undefined) throw new Error("the sample lock has a build");
    const ami = (region: string) => ({
      account: "111122223333",
      region,
      amiId: `ami-${region}`,
      snapshotId: "snap-1",
      encrypted: true,
    });
    const later = { ...build, id: digestOfDigit("e"), createdAt: "2026-11-23T18:00:00Z" };
    await writeLock(folder, { ...sampleLock, builds: [{ ...build, amis: [ami("a")] }] });
    const theirs = { ...sampleLock, builds: [later, { ...build, amis: [ami("a"), ami("b")] }] };
    await writeFile(join(folder, "theirs.json"), formatLock(theirs));
    const { stdout, exit } = await lockCommand(folder, "--merge", "theirs.json");
    expect([exit, stdout]).toEqual([0, expect.stringContaining("1 more build and 0 more rollouts")]);
    const { builds } = await readLock(folder);
    expect(builds.map(({ id }) => id)).toEqual([later.id, build.id]);
    expect(builds[1]?.amis?.map(({ region }) => region)).toEqual(["a", "b"]);
    expect((await lockCommand(folder, "--merge", "theirs.json")).stdout).toContain("has all of it already");
  });

  it("is the cure of a merge conflict, as the error tells it", async () => {
    const folder = await temporaryFolder();
    const git = (...words: readonly string[]): unknown =>
      execFileSync(
        requireTool("git"),
        ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@y", ...words],
        {
          stdio: "pipe",
        },
      );
    const [build] = sampleLock.builds;
    if (build === undefined) throw new Error("the sample lock has a build");
    const commitWith = async (digit: string, createdAt: string): Promise<void> => {
      const builds = [{ ...build, id: digestOfDigit(digit), createdAt }, build];
      await writeLock(folder, { ...sampleLock, builds });
      git("commit", "-qam", digit);
    };
    git("init", "-q", "-b", "main");
    await writeLock(folder, sampleLock);
    git("add", ".");
    git("commit", "-qm", "one build");
    git("checkout", "-qb", "other");
    await commitWith("d", "2026-11-24T18:00:00Z");
    git("checkout", "-q", "main");
    await commitWith("e", "2026-11-23T18:00:00Z");
    expect(() => git("merge", "-q", "other")).toThrow();
    const refusal: unknown = await readLock(folder).catch((error: unknown) => error);
    const cure = /: (git checkout .*)$/u.exec((refusal as IgneousError).hint ?? "")?.[1] ?? "";
    for (const command of cure.split(" && ")) {
      const own = /^igneous lock (.*)$/u.exec(command)?.[1];
      if (own === undefined) execFileSync("sh", ["-c", command], { cwd: folder, stdio: "pipe" });
      else expect((await lockCommand(folder, ...own.split(" "))).exit).toBe(0);
    }
    const ids = (await readLock(folder)).builds.map(({ id }) => id);
    expect(ids).toEqual([digestOfDigit("d"), digestOfDigit("e"), build.id]);
  });

  it("refuses the lock of something else, and one that is damaged", async () => {
    const folder = await temporaryFolder();
    await writeLock(folder, sampleLock);
    await writeFile(join(folder, "other.json"), formatLock({ ...sampleLock, name: "other" }));
    expect((await lockCommand(folder, "--merge", "other.json")).stderr).toContain("is the lock of other");
    await writeFile(
      join(folder, "torn.json"),
      (await readFile(join(folder, "other.json"), "utf8")).slice(0, 99),
    );
    expect((await lockCommand(folder, "--merge", "torn.json")).exit).toBe(4);
    expect((await lockCommand(folder, "--merge", "gone.json")).exit).toBe(3);
  });
});

describe("the lock of a build", () => {
  it("is kept by its bake, whether or not it is committed", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, ".igneous"));
    const [build] = sampleLock.builds;
    await writeLock(folder, sampleLock);
    await keepLock(folder, build?.id ?? "");
    await writeLock(folder, { ...sampleLock, builds: [] });
    const found = await findLockOf(testContext(), folder, build?.id ?? "");
    expect(found?.builds[0]?.id).toBe(build?.id);
  });
});
