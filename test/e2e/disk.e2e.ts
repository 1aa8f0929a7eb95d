import { mkdir, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { resolveBase } from "../../src/base/resolve.ts";
import { openToolsRoot, runInTools } from "../../src/base/tools.ts";
import { buildDisk } from "../../src/disk/build.ts";
import type { RunTool } from "../../src/disk/tools.ts";
import { verifyDisk } from "../../src/disk/verify.ts";
import { hostContext } from "../../src/host/context.ts";
import { run } from "../../src/host/exec.ts";
import { sha256File } from "../../src/host/files.ts";
import { sha256Sparse } from "../../src/host/sparse.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import type { CommitChecksum } from "../../src/ostree/object.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { overlayTrees, treeOfPaths } from "../../src/ostree/tree.ts";
import { subtree } from "../../src/ostree/tree-read.ts";
import { requireTool, temporaryFolder } from "../tools.ts";

const context = hostContext(() => undefined, new AbortController().signal);
let runTool: RunTool;

beforeAll(async () => {
  const base = await resolveBase(context, { suite: "trixie", packages: ["selinux-policy-default"] });
  const tools = await openToolsRoot(context, base);
  runTool = (argv, options) => runInTools(context, tools, argv, options);
});

/** The smallest tree that OSTree deploys; `text` makes commits of it differ. */
async function commitFolder(folder: string, repo: string, text: string): Promise<string> {
  const tree = join(folder, `tree-${text}`);
  const modules = join(tree, "usr/lib/modules/6.12");
  for (const path of [
    modules,
    ...["usr/etc", "usr/bin", "sysroot", "var", "boot"].map((name) => join(tree, name)),
  ])
    await mkdir(path, { recursive: true });
  await symlink("sysroot/ostree", join(tree, "ostree"));
  await writeFile(join(modules, "vmlinuz"), "kernel");
  await writeFile(join(modules, "initramfs.img"), "initrd");
  await writeFile(join(tree, "usr/lib/os-release"), 'ID=debian\nPRETTY_NAME="tiny"\n');
  await writeFile(join(tree, "usr/bin/program"), text.repeat(50_000));
  const options = [
    "--orphan",
    "--branch=x",
    "--owner-uid=0",
    "--owner-gid=0",
    "--timestamp=@0",
    "--no-xattrs",
  ];
  const argv = [requireTool("ostree"), "commit", `--repo=${repo}`, ...options, tree] as const;
  return (await run(context, argv)).stdout.trim();
}

async function makeRepo(): Promise<{
  readonly folder: string;
  readonly repo: string;
  readonly commits: string[];
}> {
  const folder = await temporaryFolder();
  const repo = join(folder, "repo");
  await run(context, [requireTool("ostree"), "init", `--repo=${repo}`, "--mode=archive"]);
  return {
    folder,
    repo,
    commits: [await commitFolder(folder, repo, "one"), await commitFolder(folder, repo, "two")],
  };
}

describe("disk", () => {
  it("is the same, byte for byte, in another folder; its table, ESP and root pass other people's checkers", async () => {
    const { folder, repo, commits } = await makeRepo();
    const [predecessor = "", hostCommit = ""] = commits;
    const input = {
      repo,
      hostCommit,
      predecessor,
      kernelArguments: ["extra=1"],
      name: "node",
      buildId: "build",
    };
    const first = await buildDisk(context, runTool, { ...input, out: join(folder, "a/disk.img") });
    const second = await buildDisk(context, runTool, { ...input, out: join(folder, "other/place/b.img") });
    expect(second.sha256).toBe(first.sha256);
    expect(await sha256File(first.path)).toBe(first.sha256);

    const { stdout: table } = await run(context, [requireTool("sgdisk"), "--verify", first.path]);
    expect(table).toContain("No problems found");
    const { esp, root } = first.layout;
    const cut = async (name: string, { offset, size }: typeof esp | typeof root): Promise<string> => {
      const path = join(folder, name);
      const place = [`skip=${offset / 2 ** 20}`, `count=${size / 2 ** 20}`, "bs=1M", "conv=sparse"];
      await run(context, ["dd", `if=${first.path}`, `of=${path}`, ...place, "status=none"]);
      return path;
    };
    const espImage = await cut("esp.img", esp);
    await run(context, [requireTool("fsck.fat"), "-n", espImage]);
    const { stdout: files } = await run(context, [requireTool("mdir"), "-b", "-/", "-i", espImage]);
    expect(files).toContain("::/EFI/BOOT/BOOTX64.EFI");
    const rootImage = await cut("root.img", root);
    await run(context, [requireTool("fsck.ext4"), "-f", "-n", rootImage]);
    const read = async (path: string): Promise<string> =>
      (await run(context, [requireTool("debugfs"), "-R", `cat ${path}`, rootImage])).stdout;
    expect(await read("/boot/grub/grub.cfg")).toMatch(
      /linux \/boot\/ostree\/igneous-\w+\/vmlinuz-6\.12 .*extra=1/u,
    );
    expect(await read("/boot/loader/syslinux.cfg")).toMatch(/ostree:0[\s\S]*ostree:1/u);
    expect(await read(`/ostree/deploy/igneous/deploy/${hostCommit}.0/usr/bin/program`)).toBe(
      "two".repeat(50_000),
    );
    expect(await read(`/ostree/deploy/igneous/deploy/${predecessor}.0/usr/bin/program`)).toBe(
      "one".repeat(50_000),
    );
  });

  it("gives files, folders and links the labels and capabilities of their commit, whoever makes the disk", async () => {
    const { folder, repo: path, commits } = await makeRepo();
    const [plain = ""] = commits;
    const repo = await openRepo(context, path);
    const attribute = (name: string, value: string | Buffer): { name: string; value: Buffer } => ({
      name,
      value: Buffer.from(value),
    });
    const label = (type: string): { name: string; value: Buffer } =>
      attribute("security.selinux", `system_u:object_r:${type}:s0\0`);
    const capability = attribute(
      "security.capability",
      Buffer.from("0100000200040000".padEnd(40, "0"), "hex"),
    );
    const labelled = overlayTrees(
      subtree(repo, plain as CommitChecksum, "/"),
      treeOfPaths([
        [
          "/usr/bin/ping",
          { kind: "file", contents: "ping", mode: 0o755, xattrs: [capability, label("ping_exec_t")] },
        ],
        ["/usr/bin/link to it", { kind: "symlink", target: "ping", xattrs: [label("bin_t")] }],
        ["/usr/share", { kind: "directory", mode: 0o755, xattrs: [label("usr_t")], entries: new Map() }],
        ["/usr/etc/shadow", { kind: "file", contents: "", mode: 0o600, xattrs: [label("shadow_t")] }],
      ]),
    );
    const hostCommit = await commitTree(context, repo, labelled, { subject: "labelled" });
    const input = {
      repo: path,
      hostCommit,
      kernelArguments: [],
      name: "node",
      buildId: "build",
      isLabelled: true,
    };
    const made = await buildDisk(context, runTool, { ...input, out: join(folder, "a.img") });
    const again = await buildDisk(context, runTool, { ...input, out: join(folder, "b.img") });
    expect(again.sha256).toBe(made.sha256);
    const root = `${made.path}?offset=${made.layout.root.offset}`;
    await run(context, [requireTool("fsck.ext4"), "-f", "-n", root]);
    const deployment = `/ostree/deploy/igneous/deploy/${hostCommit}.0`;
    const listed = async (file: string): Promise<string> =>
      (await run(context, [requireTool("debugfs"), "-R", `ea_list "${deployment}${file}"`, root])).stdout;
    const shown = (type: string): string => `"system_u:object_r:${type}:s0\\000"`;
    expect(await listed("/usr/bin/ping")).toContain(shown("ping_exec_t"));
    expect(await listed("/usr/bin/ping")).toContain("security.capability (20) = 01 00 00 02 00 04");
    expect(await listed("/usr/bin/link to it")).toContain(shown("bin_t"));
    expect(await listed("/usr/share")).toContain(shown("usr_t"));
    expect(await listed("/usr/etc/shadow")).toContain(shown("shadow_t"));
    expect(await listed("/etc/shadow")).toContain(shown("shadow_t"));
    expect(await listed("/usr/bin/program")).toBe("");
  });

  it("verify names the file in which one byte was changed", async () => {
    const { folder, repo, commits } = await makeRepo();
    const [hostCommit = ""] = commits;
    const rebuild = { repo, hostCommit, kernelArguments: [], name: "node", buildId: "build" };
    const { path, sha256, sizeBytes } = await buildDisk(context, runTool, {
      ...rebuild,
      out: join(folder, "disk.img"),
    });
    const expected = { sha256, sizeBytes, rebuild };
    expect(await verifyDisk(context, runTool, path, expected)).toEqual([]);

    const { stdout } = await run(context, [
      "grep",
      "--text",
      "--byte-offset",
      "--only-matching",
      "oneoneoneone",
      path,
    ]);
    const offset = Number(stdout.split(":")[0]);
    const file = await open(path, "r+");
    await file.write(Buffer.from("X"), 0, 1, offset);
    await file.close();
    expect(await sha256Sparse(context, path)).not.toBe(sha256);
    const [difference] = await verifyDisk(context, runTool, path, expected);
    expect(difference?.part).toBe("root file system");
    expect(difference?.files.join()).toContain("usr/bin/program");
  });

  it("a disk that is too small is refused with both sizes", async () => {
    const { folder, repo, commits } = await makeRepo();
    const [hostCommit = ""] = commits;
    const input = {
      repo,
      hostCommit,
      kernelArguments: [],
      name: "node",
      buildId: "b",
      out: join(folder, "d.img"),
    };
    await expect(buildDisk(context, runTool, { ...input, sizeBytes: 100 * 2 ** 20 })).rejects.toMatchObject({
      code: "disk-too-small",
    });
  });
});
