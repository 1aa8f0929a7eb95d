import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths, type TreeNode } from "../../src/ostree/tree.ts";
import { subtree } from "../../src/ostree/tree-read.ts";
import { resolveInTree } from "../../src/ostree/tree-resolve.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const link = (target: string): TreeNode => ({ kind: "symlink", target });
const file: TreeNode = { kind: "file", contents: "x" };

async function resolver(paths: Readonly<Record<string, TreeNode>>): Promise<(path: string) => unknown> {
  const context = testContext();
  const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
  const commit = await commitTree(context, repo, treeOfPaths(Object.entries(paths)), { subject: "t" });
  const root = subtree(repo, commit, "/");
  if (root.kind !== "stored-directory") throw new Error("no root");
  return (path) => resolveInTree(repo, root, path);
}

describe("resolveInTree", () => {
  it("finds what is there and says what is not", async () => {
    const resolve = await resolver({ "/etc/hosts": file });
    expect(resolve("/etc/hosts")).toEqual({ path: "/etc/hosts", exists: true });
    expect(resolve("/etc/pki/ca")).toEqual({ path: "/etc/pki/ca", exists: false });
    expect(resolve("/")).toEqual({ path: "/", exists: true });
  });

  it("follows links within the tree, absolute and relative", async () => {
    const resolve = await resolver({ "/usr/lib/x": file, "/lib": link("usr/lib"), "/var/run": link("/run") });
    expect(resolve("/lib/x")).toEqual({ path: "/usr/lib/x", exists: true });
    expect(resolve("/var/run/notify")).toEqual({ path: "/run/notify", exists: false });
  });

  it("keeps a link that climbs out inside the tree", async () => {
    const resolve = await resolver({ "/a/out": link("../../../../etc"), "/etc/hosts": file });
    expect(resolve("/a/out/hosts")).toEqual({ path: "/etc/hosts", exists: true });
    expect(resolve("/a/out/shadow")).toEqual({ path: "/etc/shadow", exists: false });
  });

  it("refuses a loop of links", async () => {
    const resolve = await resolver({ "/a": link("b"), "/b": link("a") });
    expect(() => resolve("/a/x")).toThrow("loop of symbolic links");
  });
});
