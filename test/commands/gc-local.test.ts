import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { shortDigest } from "../../src/core/digest.ts";
import { run } from "../../src/host/exec.ts";
import { writeLock } from "../../src/lock/file.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { listRefs } from "../../src/ostree/ref.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { testIo } from "../cli/test-io.ts";
import { digestOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const [template] = sampleLock.builds;
const ids = ["1", "2", "3", "4"].map((digit) => digestOfDigit(digit));
const name = (index: number): string => shortDigest(ids[index] ?? digestOfDigit("0"));

/** Four builds of the lock, newest first, each going back to the next, and one that the lock does not name. */
async function project(): Promise<string> {
  const folder = await temporaryFolder();
  const context = testContext();
  const repo = await openRepo(context, join(folder, ".igneous/repo"), { fsync: false });
  const commit = (text: string, options: object) =>
    commitTree(context, repo, treeOfPaths([["/f", { kind: "file", contents: text }]]), {
      subject: text,
      ...options,
    });
  const base = await commit("base", {});
  const builds = [];
  for (const [index, id] of [...ids, digestOfDigit("f")].entries()) {
    const short = shortDigest(id);
    const payload = await commit(`payload ${short}`, {});
    const metadata = { "igneous.base": base, "igneous.payload": payload };
    const hostCommit = await commit(`host ${short}`, { metadata, ref: `igneous/host/${short}` });
    const out = join(folder, ".igneous/builds", short);
    await mkdir(out, { recursive: true });
    await writeFile(join(out, "disk.img"), "x".repeat(10_000));
    for (const path of [join(out, "disk.img"), out]) await utimes(path, 1, 1);
    const predecessor = ids[index + 1];
    if (index < ids.length && template !== undefined)
      builds.push({ ...template, id, hostCommit, ...(predecessor === undefined ? {} : { predecessor }) });
  }
  await writeLock(folder, { ...sampleLock, builds: builds as never });
  return folder;
}

const gc = async (cwd: string, ...argv: readonly string[]) => {
  const { io, seen } = testIo({ cwd });
  await runProgram(io, ["node", "igneous", "gc", "--local", ...argv]);
  return seen;
};

describe("gc --local", () => {
  it("prints what stays and what goes, each with its reason, and removes nothing unasked", async () => {
    const folder = await project();
    const { stdout, exit } = await gc(folder, "--keep", "1");
    expect(exit).toBe(0);
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(`^= ${name(0)} .*the newest of the lock$`),
      expect.stringMatching(`^= ${name(1)} .*what ${name(0)} goes back to$`),
      expect.stringMatching(`^- ${name(2)} .*the lock has 1 newer to keep$`),
      expect.stringMatching(`^- ${name(3)} `),
      expect.stringMatching(/^- f{12} .*the lock does not name it/u),
      "nothing was removed; add --yes to remove",
      "",
    ]);
    expect(await readdir(join(folder, ".igneous/builds"))).toHaveLength(5);
  });

  it("removes folders, refs and commits, and leaves a repo that ostree finds whole", async () => {
    const folder = await project();
    const { stdout } = await gc(folder, "--yes");
    expect(stdout).toMatch(/^2 removed, .* free again\n$/u);
    expect((await readdir(join(folder, ".igneous/builds"))).sort()).toEqual([name(0), name(1), name(2)]);
    const repo = await openRepo(testContext(), join(folder, ".igneous/repo"));
    expect(listRefs(repo, "igneous/host")).toEqual([0, 1, 2].map((index) => `igneous/host/${name(index)}`));
    await run(testContext(), ["ostree", "fsck", "-q", `--repo=${repo.path}`]);
    const { stdout: objects } = await run(testContext(), [
      "find",
      join(repo.path, "objects"),
      "-name",
      "*.commit",
    ]);
    // Base, and payload and host of three.
    expect(objects.trim().split("\n")).toHaveLength(7);
    expect((await gc(folder, "--yes")).stdout).toContain("nothing to remove");
  });

  it("leaves what is young, and refuses to take the newest", async () => {
    const folder = await project();
    expect((await gc(folder, "--keep", "0")).exit).toBe(2);
    for (const short of await readdir(join(folder, ".igneous/builds")))
      await utimes(join(folder, ".igneous/builds", short), new Date(), new Date());
    const { stdout } = await gc(folder, "--keep", "1");
    expect(stdout.match(/younger than --older-than/gu)).toHaveLength(3);
    expect(stdout).toContain("nothing to remove");
  });
});
