import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo, type Repo, type RepoMode } from "../../src/ostree/repo.ts";
import { resolveRef } from "../../src/ostree/ref.ts";
import { overlayTrees, type TreeNode, treeOfPaths } from "../../src/ostree/tree.ts";
import { listTree, readTreeFile, subtree } from "../../src/ostree/tree-read.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();

async function newRepo(mode: RepoMode = "archive"): Promise<Repo> {
  requireTool("ostree");
  return openRepo(context, join(await temporaryFolder(), "repo"), { mode, fsync: false });
}

function ostree(repo: Repo, ...argv: readonly string[]): string {
  return execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, ...argv], { encoding: "utf8" });
}

const everything: TreeNode = treeOfPaths([
  ["/", { kind: "directory", mode: 0o755, entries: new Map() }],
  ["/etc/secret", { kind: "file", contents: "x", mode: 0o4600, uid: 7, gid: 8 }],
  ["/etc/empty", { kind: "file", contents: "" }],
  ["/usr/bin/sh", { kind: "symlink", target: "../lib/sh" }],
  ["/usr/lib/big", { kind: "file", contents: Buffer.alloc(200_000, "ab") }],
  ["/usr/lib/ünïcode 𝄞", { kind: "file", contents: "u" }],
  ["/usr/lib/ﬁ", { kind: "file", contents: "v" }],
  [
    "/usr/lib/ping",
    {
      kind: "file",
      contents: "p",
      mode: 0o755,
      xattrs: [
        { name: "user.z", value: Buffer.from("1") },
        {
          name: "security.capability",
          value: Buffer.from("0100000200200000000000000000000000000000", "hex"),
        },
      ],
    },
  ],
  ["/var", { kind: "directory", mode: 0o1777, uid: 3, gid: 4, entries: new Map() }],
]);

describe("commitTree", () => {
  it("writes objects that ostree fsck accepts and ostree ls shows as they were given", async () => {
    const repo = await newRepo();
    const metadata = { "igneous.text": "t", "igneous.bytes": Buffer.from([1, 2]), "igneous.flag": true };
    const commit = await commitTree(context, repo, everything, { ref: "test/all", subject: "all", metadata });
    expect(ostree(repo, "fsck")).toContain("object");
    expect(ostree(repo, "rev-parse", "test/all").trim()).toBe(commit);
    const listing = ostree(repo, "ls", "-R", "-X", "-C", commit);
    expect(listing).toMatch(/^-04600 7 8 +1 .* \/etc\/secret$/mu);
    expect(listing).toMatch(/^d01777 3 4 .*\/var$/mu);
    expect(listing).toMatch(/^l00777 0 0 .*\/usr\/bin\/sh -> \.\.\/lib\/sh$/mu);
    expect(listing).toMatch(/security\.capability.*user\.z.*\/usr\/lib\/ping$/mu);
    expect(ostree(repo, "show", "--print-metadata-key=igneous.text", commit).trim()).toBe("'t'");
  });

  it("gives one checksum in repos of every mode", async () => {
    const commits = new Set<string>();
    const modes: readonly RepoMode[] = ["archive", "bare-user", "bare"];
    for (const mode of modes) {
      if (mode === "bare" && process.getuid?.() !== 0) continue;
      const repo = await newRepo(mode);
      commits.add(await commitTree(context, repo, everything, { ref: "t", subject: "s" }));
      ostree(repo, "fsck");
    }
    expect(commits.size).toBe(1);
  });

  it("makes the commit that ostree commit makes of the same files", async () => {
    const repo = await newRepo();
    const tree = treeOfPaths([
      ["/", { kind: "directory", mode: 0o755, entries: new Map() }],
      ["/a/b/c", { kind: "file", contents: "hello" }],
      ["/a/link", { kind: "symlink", target: "b" }],
    ]);
    const commit = await commitTree(context, repo, tree, { subject: "s" });
    const folder = join(await temporaryFolder(), "tree");
    execFileSync("sh", [
      "-c",
      'umask 022; mkdir -p "$1/a/b"; printf hello >"$1/a/b/c"; ln -s b "$1/a/link"',
      "-",
      folder,
    ]);
    const argv = [
      "commit",
      "-b",
      "theirs",
      "--owner-uid=0",
      "--owner-gid=0",
      "--no-xattrs",
      "--no-bindings",
      "-s",
      "s",
    ];
    ostree(repo, ...argv, "--timestamp=@0", `--tree=dir=${folder}`);
    expect(ostree(repo, "rev-parse", "theirs").trim()).toBe(commit);
  });

  it("reads back what it wrote", async () => {
    const repo = await newRepo();
    const commit = await commitTree(context, repo, everything, { subject: "all" });
    const contents = await readTreeFile(context, repo, commit, "/usr/lib/big");
    expect(Buffer.from(contents).equals(Buffer.alloc(200_000, "ab"))).toBe(true);
    const entries = [...listTree(repo, commit)];
    expect(entries.map(({ path }) => path)).toContain("/usr/lib/ünïcode 𝄞");
    expect(entries.find(({ path }) => path === "/etc/secret")).toMatchObject({
      mode: 0o4600,
      uid: 7,
      gid: 8,
      size: 1,
    });
    expect(entries.find(({ path }) => path === "/usr/bin/sh")).toMatchObject({
      kind: "symlink",
      target: "../lib/sh",
    });
  });

  it("does not name a commit when the body fails", async () => {
    const repo = await newRepo();
    const bad = overlayTrees(everything, treeOfPaths([["/usr/bin/sh/x", { kind: "file", contents: "" }]]));
    const failing = commitTree(context, repo, bad, { ref: "bad", subject: "" });
    await expect(failing).rejects.toMatchObject({ code: "tree-conflict" });
    await expect(resolveRef(repo, "bad")).rejects.toMatchObject({ code: "ref-not-found" });
    expect(ostree(repo, "fsck")).toContain("object");
  });
});

describe("overlayTrees", () => {
  it("merges directories, replaces files, removes what is absent and keeps the metadata of the base", async () => {
    const repo = await newRepo();
    const base = await commitTree(context, repo, everything, { subject: "base" });
    const tree = overlayTrees(
      subtree(repo, base, "/"),
      treeOfPaths([
        ["/etc/empty", { kind: "file", contents: "full" }],
        ["/var/new", { kind: "file", contents: "n" }],
        ["/usr/lib/big", { kind: "absent" }],
        ["/srv/grafted", subtree(repo, base, "/usr/bin")],
      ]),
    );
    const commit = await commitTree(context, repo, tree, { ref: "top", subject: "top" });
    const listing = ostree(repo, "ls", "-R", commit);
    expect(listing).toMatch(/^d01777 3 4 .*\/var$/mu);
    expect(listing).toMatch(/4 \/etc\/empty$/mu);
    expect(listing).not.toContain("/usr/lib/big");
    expect(listing).toContain("/srv/grafted/sh -> ../lib/sh");
    expect(listing).toContain("/etc/secret");
    ostree(repo, "fsck");
  });

  it("writes only the directories that lie on the way to a change", async () => {
    const repo = await newRepo();
    const base = await commitTree(context, repo, everything, { subject: "base" });
    const count = (): number =>
      Number(execFileSync("sh", ["-c", `find ${repo.path}/objects -type f | wc -l`]));
    const before = count();
    const top = treeOfPaths([["/usr/lib/one", { kind: "file", contents: "new file" }]]);
    await commitTree(context, repo, overlayTrees(subtree(repo, base, "/"), top), { subject: "top" });
    expect(count() - before).toBe(5);
  });
});
