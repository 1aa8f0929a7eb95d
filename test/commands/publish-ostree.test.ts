import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import type { Sha256Hex } from "../../src/core/digest.ts";
import { formatLock } from "../../src/lock/format.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { testIo } from "../cli/test-io.ts";
import { digestOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { readOverHttps } from "../ostree/published-repo.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const spec = "schemaVersion: 1\nname: mainnet-node\nkubernetes: { version: 1.34.1 }\n";

interface Run {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of two builds whose commits the bake's repo has. */
async function project(): Promise<{
  readonly folder: string;
  readonly commits: readonly string[];
  readonly igneous: (...argv: readonly string[]) => Promise<Run>;
  /** Lets the lock name only so many of the newest builds. */
  readonly writeBuilds: (count: number) => Promise<void>;
}> {
  const folder = await temporaryFolder();
  const context = testContext();
  const repo = await openRepo(context, join(folder, ".igneous/repo"), { fsync: false });
  const commits: Sha256Hex[] = [];
  for (const text of ["one", "two"]) {
    const tree = treeOfPaths([["/usr/file", { kind: "file", contents: text.repeat(2000) }]]);
    commits.push((await commitTree(context, repo, tree, { subject: text })) as string as Sha256Hex);
  }
  const [build] = sampleLock.builds;
  if (build === undefined) throw new Error("the sample lock has no build");
  const builds = [
    { ...build, id: digestOfDigit("8"), hostCommit: commits[1] as Sha256Hex },
    { ...build, id: digestOfDigit("7"), hostCommit: commits[0] as Sha256Hex },
  ];
  await writeFile(join(folder, "igneous.yaml"), spec);
  const writeBuilds = (count: number): Promise<void> =>
    writeFile(
      join(folder, "images.lock.json"),
      formatLock({ ...sampleLock, builds: builds.slice(0, count) }),
    );
  await writeBuilds(2);
  const igneous = async (...argv: readonly string[]): Promise<Run> => {
    const { io, seen } = testIo({ createContext: (emit) => ({ ...testContext(), emit }) });
    await runProgram(io, ["node", "igneous", ...argv, "-C", folder]);
    return seen;
  };
  return { folder, commits, igneous, writeBuilds };
}

describe("publish --ostree", () => {
  it("publishes the builds of a lock side by side, says what it sent, and sends nothing twice", async () => {
    const { folder, commits, igneous } = await project();
    const target = join(folder, "www");
    expect((await igneous("publish", "7777", "--ostree", target)).exit).toBe(0);
    expect((await igneous("publish", "--ostree", target, "--dry-run")).stdout).toContain("4 of 5 objects");
    await writeFile(join(target, "tmp/.0123456789ab.tmp"), "left by a run that was killed");
    const second = await igneous("publish", "--ostree", target, "--json");
    expect(await readdir(join(target, "tmp"))).not.toContain(".0123456789ab.tmp");
    expect(second.exit, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({
      build: "8".repeat(12),
      commit: commits[1],
      ref: `igneous/${sampleLock.name}/${"8".repeat(12)}`,
      isChanged: true,
    });
    const again = await igneous("publish", "--ostree", target);
    expect(again.stdout).toMatch(/objects {2}5, 0 sent/u);
    const { ostree } = await readOverHttps(target);
    for (const commit of commits) await ostree("pull", "web", commit);
    await ostree("fsck");
  });

  it("refuses a folder of other things, an address that cannot be written to, and a build that was not baked here", async () => {
    const { folder, igneous } = await project();
    await mkdir(join(folder, "other"));
    await writeFile(join(folder, "other/file"), "mine");
    expect((await igneous("publish", "--ostree", join(folder, "other"))).stderr).toContain("[file-exists]");
    const https = await igneous("publish", "--ostree", "https://repo.example/x");
    expect(https).toMatchObject({ exit: 2, stderr: expect.stringContaining("cannot be written to") });
    await writeFile(join(folder, "images.lock.json"), formatLock(sampleLock));
    expect((await igneous("publish", "--ostree", "www")).stderr).toContain("run: igneous bake");
  });

  it("asks for the rights to one prefix of one bucket", async () => {
    const { igneous } = await project();
    const publish = await igneous("iam-policy", "publish", "--ostree", "s3://nodes/ostree/devnet", "--json");
    expect(JSON.parse(publish.stdout).Statement).toMatchObject([
      {
        Action: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
        Resource: "arn:aws:s3:::nodes/ostree/devnet/*",
      },
      { Action: ["s3:ListBucket"], Condition: { StringLike: { "s3:prefix": ["ostree/devnet/*"] } } },
    ]);
    const gc = await igneous("iam-policy", "gc", "--ostree", "s3://nodes");
    expect(gc.stdout).toContain("s3:DeleteObject");
    expect((await igneous("iam-policy", "status", "--ostree", "s3://nodes")).exit).toBe(2);
  });

  it("gc removes the builds that the lock no longer names and what only they need, and nothing that is young", async () => {
    const { folder, commits, igneous, writeBuilds } = await project();
    const target = join(folder, "www");
    await igneous("publish", "7777", "--ostree", target);
    await igneous("publish", "8888", "--ostree", target);
    expect((await igneous("gc", "--ostree", target, "--older-than", "0h")).stdout).toBe(
      "nothing to remove\n",
    );
    await writeBuilds(1);
    expect((await igneous("gc", "--ostree", target)).stdout).toBe("nothing to remove\n");
    const plan = await igneous("gc", "--ostree", target, "--older-than", "0h");
    expect(plan.stdout).toContain(`- igneous/${sampleLock.name}/777777777777`);
    expect((await igneous("gc", "--ostree", target, "--older-than", "0h", "--yes", "--dry-run")).exit).toBe(
      0,
    );
    const done = await igneous("gc", "--ostree", target, "--older-than", "0h", "--yes", "--json");
    expect(JSON.parse(done.stdout)).toMatchObject({ removed: true, files: { length: 4 } });
    const { ostree } = await readOverHttps(target);
    expect(await ostree("remote", "refs", "web")).toBe(`web:igneous/${sampleLock.name}/888888888888\n`);
    await ostree("pull", "web", commits[1] ?? "");
    await ostree("fsck");
    await expect(ostree("pull", "web", commits[0] ?? "")).rejects.toThrow("404");
    expect((await igneous("gc", "--ostree", target, "--older-than", "0h")).stdout).toBe(
      "nothing to remove\n",
    );
  });
});
