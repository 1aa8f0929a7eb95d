import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commitTree } from "../../src/ostree/commit.ts";
import { readCommit } from "../../src/ostree/object-read.ts";
import { objectPath, openRepo } from "../../src/ostree/repo.ts";
import { findRef, listRefs, resolveRef, writeRef } from "../../src/ostree/ref.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { findSubtree, readTreeFile, subtree } from "../../src/ostree/tree-read.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();
const tree = treeOfPaths([
  ["/dir/file", { kind: "file", contents: "content" }],
  ["/dir/link", { kind: "symlink", target: "file" }],
]);

describe("a repo", () => {
  it("is made when there is none, and opened as it is when there is one", async () => {
    const path = join(await temporaryFolder(), "deep", "repo");
    expect(await openRepo(context, path)).toEqual({ path, mode: "archive", fsync: true });
    expect((await openRepo(context, path, { mode: "bare", fsync: false })).mode).toBe("archive");
    const bare = join(await temporaryFolder(), "bare");
    execFileSync(requireTool("ostree"), ["init", `--repo=${bare}`, "--mode=bare"]);
    expect((await openRepo(context, bare)).mode).toBe("bare");
  });

  it("that cannot hold owners is refused", async () => {
    const path = join(await temporaryFolder(), "repo");
    execFileSync(requireTool("ostree"), ["init", `--repo=${path}`, "--mode=bare-user-only"]);
    await expect(openRepo(context, path)).rejects.toMatchObject({ code: "repo-unusable" });
  });

  it("whose commit was damaged on the disk is named as corrupt", async () => {
    const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
    const commit = await commitTree(context, repo, tree, { subject: "s" });
    writeFileSync(objectPath(repo, "commit", commit), Buffer.alloc(100, 0xff));
    expect(() => readCommit(repo, commit)).toThrow(
      expect.objectContaining({ code: "repo-corrupt", message: expect.stringContaining(commit) }),
    );
  });

  it("has refs as ostree has them", async () => {
    const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
    const commit = await commitTree(context, repo, tree, { ref: "a/b_2E/c-d", subject: "s" });
    await writeRef(repo, "a/z", commit);
    const argv = [`--repo=${repo.path}`, "refs", "--list", "a"];
    expect(execFileSync(requireTool("ostree"), argv, { encoding: "utf8" }).trim().split("\n").sort()).toEqual(
      ["a/b_2E/c-d", "a/z"],
    );
    expect(listRefs(repo, "a")).toEqual(["a/b_2E/c-d", "a/z"]);
    expect(await findRef(repo, "a/none")).toBeUndefined();
    expect(await resolveRef(repo, commit)).toBe(commit);
    for (const bad of ["../x", "a//b", "/a", "a/..", "a b", ""]) {
      await expect(findRef(repo, bad)).rejects.toMatchObject({ code: "input-invalid" });
    }
  });

  it("says what a commit does not have", async () => {
    const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
    const commit = await commitTree(context, repo, tree, { subject: "s" });
    expect(findSubtree(repo, commit, "/dir/none")).toBeUndefined();
    expect(findSubtree(repo, commit, "/dir/file/below")).toBeUndefined();
    expect(() => subtree(repo, commit, "/none")).toThrow(expect.objectContaining({ code: "path-not-found" }));
    for (const path of ["/dir", "/dir/link", "/none"]) {
      await expect(readTreeFile(context, repo, commit, path)).rejects.toMatchObject({
        code: "path-not-found",
      });
    }
  });

  it("that is damaged is called so, with the object and how to see more", async () => {
    const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
    const commit = await commitTree(context, repo, tree, { subject: "s" });
    const file = subtree(repo, commit, "/dir/file");
    if (file.kind !== "stored-file") throw new Error("a file was put there");
    const path = objectPath(repo, "file", file.checksum);
    writeFileSync(path, "");
    const damaged = { code: "repo-corrupt", message: expect.stringContaining(file.checksum) as string };
    await expect(readTreeFile(context, repo, commit, "/dir/file")).rejects.toMatchObject(damaged);
    rmSync(objectPath(repo, "commit", commit));
    expect(() => subtree(repo, commit, "/")).toThrow(expect.objectContaining({ code: "repo-corrupt" }));
  });

  it("lays a tree over one that it holds, in bare mode too", async () => {
    const modes =
      process.getuid?.() === 0
        ? (["archive", "bare", "bare-user"] as const)
        : (["archive", "bare-user"] as const);
    const commits = new Set<string>();
    for (const mode of modes) {
      const repo = await openRepo(context, join(await temporaryFolder(), mode), { mode, fsync: false });
      const base = await commitTree(context, repo, tree, { subject: "base" });
      const top = treeOfPaths([["/dir/more", { kind: "file", contents: "m" }]]);
      const overlay = { kind: "overlay", base: subtree(repo, base, "/"), top } as const;
      const commit = await commitTree(context, repo, overlay, { ref: "top", subject: "top" });
      expect(Buffer.from(await readTreeFile(context, repo, commit, "/dir/file")).toString()).toBe("content");
      execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, "fsck"], { stdio: "ignore" });
      commits.add(commit);
    }
    expect(commits.size).toBe(1);
  });
});
