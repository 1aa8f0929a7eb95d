import { chmod, copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LockedBase } from "../../src/base/locked.ts";
import { openToolsRoot, runInTools, startInTools, type ToolsRoot } from "../../src/base/tools.ts";
import type { Context } from "../../src/core/context.ts";
import { digestHex, digestOf } from "../../src/core/digest.ts";
import { startArchive } from "../fakes/deb-archive.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const applets = "cat chmod env hostname id ls mkdir mount rm rmdir sh sleep stat touch umount".split(" ");

/** Two packages: base-files with the links of a merged /usr and the master passwd, and a static busybox. */
async function startFakeTools(): Promise<{ readonly context: Context; readonly locked: LockedBase }> {
  const root = await temporaryFolder();
  const files = join(root, "base-files");
  const busybox = join(root, "busybox");
  await mkdir(join(files, "usr/bin"), { recursive: true });
  await mkdir(join(files, "usr/share/base-passwd"), { recursive: true });
  for (const name of ["sbin", "lib", "lib64"]) await mkdir(join(files, "usr", name));
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(files, name));
  await writeFile(join(files, "usr/share/base-passwd/passwd.master"), "root:*:0:0::/root:/bin/sh\n");
  await writeFile(join(files, "usr/share/base-passwd/group.master"), "root:*:0:\n");
  await mkdir(join(busybox, "usr/bin"), { recursive: true });
  await copyFile(requireTool("busybox"), join(busybox, "usr/bin/busybox"));
  await chmod(join(busybox, "usr/bin/busybox"), 0o755);
  for (const name of applets) await symlink("busybox", join(busybox, "usr/bin", name));
  const archive = await startArchive({
    trixie: [
      { name: "a-busybox", files: busybox },
      { name: "base-files", files },
    ],
  });
  const tools = await Promise.all(
    ["a-busybox", "base-files"].map(async (name) => {
      const filename = `pool/main/${name}_1.0_amd64.deb`;
      const bytes = await readFile(join(archive.folder, filename));
      const sha256 = digestHex(digestOf(bytes));
      return { name, version: "1.0", architecture: "amd64", size: bytes.length, sha256, filename };
    }),
  );
  const context = testContext(join(await temporaryFolder(), "cache"));
  const env = { ...context.env, ...archive.env };
  return { context: { ...context, env }, locked: { suite: "trixie", requested: [], packages: [], tools } };
}

async function openFakeTools(): Promise<{ readonly context: Context; readonly tools: ToolsRoot }> {
  const { context, locked } = await startFakeTools();
  return { context, tools: await openToolsRoot(context, locked) };
}

describe("openToolsRoot", () => {
  it("unpacks the tools once, and clears what a killed run left", async () => {
    const { context, locked } = await startFakeTools();
    await mkdir(join(context.cacheDir, "tools/.new-killed/usr"), { recursive: true });
    const tools = await openToolsRoot(context, locked);
    const before = await stat(tools.folder);
    expect(await readdir(join(context.cacheDir, "tools"))).toEqual([tools.digest.slice(0, 16), "lock"]);
    expect(await openToolsRoot(context, locked)).toEqual(tools);
    expect((await stat(tools.folder)).ino).toBe(before.ino);
  });
});

describe("runInTools", () => {
  it("runs as root with nothing of this machine but the binds", async () => {
    const { context, tools } = await openFakeTools();
    const folder = await temporaryFolder();
    await writeFile(join(folder, "given"), "from outside\n");
    const script = "id -u; ls /; ls /sys/class/net 2>/dev/null; hostname; cat /t/given; touch /t/made; env";
    const out = await runInTools(context, tools, ["sh", "-c", script], {
      binds: [{ source: folder, target: "/t" }],
      env: { EXTRA: "1" },
    });
    const lines = out.trimEnd().split("\n");
    expect(lines.slice(0, 16)).toEqual(
      "0 bin dev etc lib lib64 proc root run sbin sys t tmp usr var igneous".split(" "),
    );
    expect(lines).toContain("from outside");
    expect(lines.filter((line) => line.includes("=")).sort()).toEqual([
      "EXTRA=1",
      "HOME=/root",
      "LC_ALL=C.UTF-8",
      "PATH=/usr/sbin:/usr/bin",
      "PWD=/",
      "SHLVL=1",
      "SOURCE_DATE_EPOCH=0",
      "TZ=UTC",
    ]);
    expect((await stat(join(folder, "made"))).uid).toBe(process.getuid?.());
  });

  it("lets nothing write to the tools or to a read-only bind", async () => {
    const { context, tools } = await openFakeTools();
    const folder = await temporaryFolder();
    const binds = [{ source: folder, target: "/deep/below/t", readOnly: true }];
    for (const path of ["/usr/bin/new", "/deep/below/t/new"]) {
      await expect(runInTools(context, tools, ["touch", path], { binds })).rejects.toMatchObject({
        code: "tool-failed",
        message: expect.stringMatching(/^touch failed .*Read-only file system/su),
      });
    }
  });

  it("streams, and passes arguments as they are", async () => {
    const { context, tools } = await openFakeTools();
    const odd = "a b'c\"$HOME`id`\n";
    const out = await runInTools(context, tools, ["sh", "-c", 'cat; echo "$1"', "sh", odd], { input: "in-" });
    expect(out).toBe(`in-${odd}\n`);
  });

  it("leaves no process behind when it is aborted", async () => {
    const { context, tools } = await openFakeTools();
    const stop = new AbortController();
    const folder = await temporaryFolder();
    const ticking = "while :; do echo x >>/t/ticks; sleep 0.05; done";
    const started = startInTools(
      { ...context, signal: stop.signal },
      tools,
      ["sh", "-c", `echo up; ${ticking}`],
      {
        binds: [{ source: folder, target: "/t" }],
      },
    );
    await new Promise((resolve) => started.stdout.once("data", resolve));
    stop.abort(new Error("stop"));
    await expect(started.done).rejects.toThrow("stop");
    const sizes = [0, 0, 0].map(async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, 300 * index));
      return (await readFile(join(folder, "ticks"), "utf8").catch(() => "")).length;
    });
    const [, second, third] = await Promise.all(sizes);
    expect(third).toBe(second);
  });
});
