import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import type { BootReport } from "../../src/disk/boot-report.ts";
import { hostContext } from "../../src/host/context.ts";
import { requireTool } from "../tools.ts";
import { makePlainUser } from "./plain-user.ts";
import { igneous, makeProject, prepare, startIgneous } from "./project.ts";

let project = "";
const lockText = (): string => readFileSync(join(project, "images.lock.json"), "utf8");
const report = (result: BakeResult): BootReport =>
  JSON.parse(readFileSync(result.check?.report ?? "", "utf8"));
const names = ({ checks }: BootReport): readonly string[] =>
  checks.map(({ boot, name }) => `${boot} ${name}`);

async function bake(...words: readonly string[]): Promise<BakeResult> {
  const { exit, stdout, stderr } = await igneous(project, "bake", "--json", ...words);
  expect(exit, stderr).toBe(0);
  return JSON.parse(stdout) as BakeResult;
}

beforeAll(() => {
  prepare();
  project = makeProject("bake");
});

afterAll(() => {
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

describe("the main job on the sample node", () => {
  let first: BakeResult;
  let second: BakeResult;

  it("has a committed lock that fits the spec and the images that are built here", async () => {
    const { exit, stdout } = await igneous(project, "lock", "--check");
    expect(stdout).toBe("images.lock.json matches the spec\n");
    expect(exit).toBe(0);
    const again = await igneous(project, "lock", "--refresh-gone", "--json");
    expect(again.exit, again.stderr).toBe(0);
    expect(
      JSON.parse(again.stdout).images.every(({ outcome }: { outcome: string }) => outcome === "kept"),
    ).toBe(true);
  });

  it("a bake that is interrupted leaves no build, no child and no half file, and the next goes on", async () => {
    const before = lockText();
    const [finished, child] = startIgneous(project, ["bake", "--no-boot-test"]);
    await new Promise((resolve) => setTimeout(resolve, 8000));
    child.kill("SIGINT");
    const { exit, stderr } = await finished;
    expect(exit, stderr).toBe(130);
    expect(stderr).toContain("run the same command again");
    expect(lockText()).toBe(before);
    expect(existsSync(join(project, ".igneous/builds"))).toBe(false);
  });

  it("bakes a disk, and records it", async () => {
    first = await bake("--no-boot-test");
    expect(JSON.parse(lockText()).builds.map(({ id }: { id: string }) => id)).toEqual([first.id]);
  });

  it("makes a disk that the field's own programs find sound", () => {
    const { path } = first.disk;
    expect(execFileSync(requireTool("sgdisk"), ["-v", path], { encoding: "utf8" })).toContain(
      "No problems found",
    );
    const sum = execFileSync("sha256sum", [path], { encoding: "utf8" });
    expect(sum.slice(0, 64)).toBe(first.disk.sha256);
    execFileSync(requireTool("ostree"), ["fsck", "-q", `--repo=${join(project, ".igneous/repo")}`]);
  });

  it("verifies repo and disk, and names a disk that differs by one byte", async () => {
    const good = await igneous(project, "verify");
    expect(good.exit, good.stdout + good.stderr).toBe(0);
    const copy = join(project, "copy.img");
    execFileSync("cp", ["--sparse=always", first.disk.path, copy]);
    execFileSync(
      "dd",
      ["if=/dev/urandom", `of=${copy}`, "bs=1", "count=1", "seek=900000000", "conv=notrunc"],
      { stdio: "ignore" },
    );
    const bad = await igneous(project, "verify", "--disk", copy);
    rmSync(copy);
    expect(bad.exit).toBe(4);
    expect(bad.stdout).toContain("≠  disk");
  });

  it("refuses to bake a spec that is not locked, and says what to run", async () => {
    const path = join(project, "igneous.yaml");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, `${text}\ncontainers:\n  etcd: { args: [--snapshot-count=5000] }\n`);
    const { exit, stderr } = await igneous(project, "bake");
    expect(exit).toBe(4);
    expect(stderr).toContain("next: run: igneous lock");
  });

  it("bakes the changed spec and carries the build before: boots, is checked, reboots, and goes back to it", async () => {
    expect((await igneous(project, "lock")).exit).toBe(0);
    second = await bake();
    expect(second.predecessor).toBe(first.build);
    const seen = report(second);
    expect(seen.passed).toBe(true);
    for (const name of ["running", "usr-read-only", "root-grown", "etcd-health", "nothing-secret-baked"]) {
      expect(names(seen)).toContain(`first ${name}`);
    }
    expect(names(seen)).toContain("second ignition-ran-once");
    expect(names(seen)).toContain("second etcd-keeps-its-data");
    expect(seen.boots.map(({ boot }) => boot)).toEqual(["first", "second", "rollback"]);
    expect(seen.boots.at(-1)?.commit).toBe(first.commits.host);
    expect(names(seen)).toContain("rollback same-machine");
    expect(JSON.parse(lockText()).builds.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
  });

  it("changes nothing when it bakes again", async () => {
    const before = lockText();
    const { exit, stderr } = await igneous(project, "bake");
    expect(exit, stderr).toBe(0);
    expect(
      stderr
        .split("\n")
        .filter((line) => line.startsWith("✓ make the disk") || line.includes("check the first boot")),
    ).toEqual([]);
    expect(lockText()).toBe(before);
  });

  it("gives the same bytes from the same lock in another folder", async () => {
    const other = makeProject("again");
    try {
      const { exit, stdout, stderr } = await igneous(other, "bake", "--no-boot-test", "--json");
      expect(exit, stderr).toBe(0);
      const again = JSON.parse(stdout) as BakeResult;
      expect(again.commits).toEqual(first.commits);
      expect(again.disk.sha256).toBe(first.disk.sha256);
    } finally {
      execFileSync("rm", ["-rf", other]);
    }
  });

  it("gives a user without any rights the same bytes", async () => {
    if (process.getuid?.() !== 0) {
      // Everything above was baked by such a user already.
      expect(first.disk.sha256).toMatch(/^[0-9a-f]{64}$/u);
      return;
    }
    const plain = makePlainUser(hostContext(() => undefined, new AbortController().signal).cacheDir);
    try {
      const { exit, stdout, stderr } = await plain.run("bake", "--no-boot-test", "--json");
      expect(exit, stderr).toBe(0);
      const baked = JSON.parse(stdout) as BakeResult;
      expect(baked.commits).toEqual(first.commits);
      expect(baked.disk.sha256).toBe(first.disk.sha256);
    } finally {
      plain.remove();
    }
  });

  it("refuses a lock that was damaged on the disk", async () => {
    const path = join(project, "images.lock.json");
    const good = lockText();
    truncateSync(path, 500);
    const { exit, stderr } = await igneous(project, "bake");
    writeFileSync(path, good);
    expect(exit).toBe(4);
    expect(stderr).toMatch(/images\.lock\.json:\d+:\d+: error/u);
  });

  it("leaves nothing behind in the folder of the builds", () => {
    const left = readdirSync(join(project, ".igneous/builds"), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /(?:^|\/)\.|overlay|\.failed/u.test(name))).toEqual([]);
  });
});
