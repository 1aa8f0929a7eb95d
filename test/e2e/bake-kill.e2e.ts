import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostContext } from "../../src/host/context.ts";
import { namespaceArgv } from "../../src/host/namespace.ts";
import { igneous, makeProject, prepare, program, repository } from "./project.ts";

interface Killed {
  readonly reached: boolean;
  readonly exit: number | null;
  readonly by: string | null;
  readonly left: readonly string[];
  readonly last: readonly string[];
}

type Moment = readonly [signal: "SIGKILL" | "SIGINT", delayMs: number, text: string];

const started = (step: string): string => `"step-started","step":"${step}"`;

/** Where a bake without a boot check is ended; each run goes on from what the ones before it left. */
const moments: readonly Moment[] = [
  ["SIGKILL", 300, started("import")],
  ["SIGINT", 300, started("import")],
  ["SIGKILL", 0, started("payload")],
  ["SIGKILL", 1500, started("compose base")],
  ["SIGINT", 6000, started("compose base")],
  ["SIGKILL", 1000, "making the initrd"],
  ["SIGINT", 300, "writing the commit"],
  ["SIGKILL", 600, "deploying the commits"],
  ["SIGINT", 2500, "deploying the commits"],
  ["SIGKILL", 800, "writing the file systems"],
  ["SIGKILL", 0, "hashing the image"],
  ["SIGKILL", 0, started("record")],
];

const bootMoments: readonly Moment[] = [
  ["SIGKILL", 400, started("boot check: first")],
  ["SIGINT", 6000, started("boot check: first")],
  ["SIGKILL", 12_000, started("boot check: first")],
];

let project = "";
const lockText = (): string => readFileSync(join(project, "images.lock.json"), "utf8");

/** Runs a bake in a process namespace of its own, so that whatever it leaves running can be counted. */
function endedAt([signal, delayMs, text]: Moment, ...words: readonly string[]): Killed {
  const runner = [process.execPath, "--import", "tsx", join(repository, "test/e2e/kill-runner.ts")];
  const [unshare = "", ...namespaces] = namespaceArgv();
  const argv = [...namespaces, "--mount-proc", ...runner, signal, String(delayMs), text, program];
  const all = [...argv, "bake", "--json", "--project", project, ...words];
  return JSON.parse(execFileSync(unshare, all, { cwd: repository, encoding: "utf8" })) as Killed;
}

function expectNothingLost(killed: Killed, [signal]: Moment, before: string): void {
  expect(killed.reached, killed.last.join("\n")).toBe(true);
  expect(killed.left).toEqual([]);
  expect([killed.exit, killed.by]).toEqual(signal === "SIGINT" ? [130, null] : [null, "SIGKILL"]);
  expect(lockText()).toBe(before);
}

beforeAll(() => {
  prepare();
  project = makeProject("kill");
  // A cache of its own, so that no other bake on this machine can be taken for something left behind.
  const shared = hostContext(() => undefined, new AbortController().signal).cacheDir;
  const cache = join(project, "cache/igneous");
  mkdirSync(cache, { recursive: true });
  for (const part of ["debs", "tools", "accelerator.json"])
    if (existsSync(join(shared, part))) execFileSync("cp", ["-a", join(shared, part), cache]);
  process.env["XDG_CACHE_HOME"] = join(project, "cache");
});

afterAll(() => {
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

describe("a bake that is ended", () => {
  it.each(moments)("by %s, %i ms after %s, leaves no process and the lock as it was", (...moment) => {
    const before = lockText();
    expectNothingLost(endedAt(moment, "--no-boot-test"), moment, before);
  });

  it.each(bootMoments)(
    "by %s, %i ms after %s, leaves no machine running and the disk as it was",
    (...moment) => {
      const before = lockText();
      expectNothingLost(endedAt(moment), moment, before);
      const [build = ""] = readdirSync(join(project, ".igneous/builds"));
      expect(existsSync(join(project, ".igneous/builds", build, "disk.img"))).toBe(true);
    },
  );

  it("is finished by the next one, which leaves nothing half-done behind", async () => {
    const { exit, stdout, stderr } = await igneous(project, "bake", "--no-boot-test", "--json");
    expect(exit, stderr).toBe(0);
    const { disk } = JSON.parse(stdout);
    const sum = execFileSync("sha256sum", [disk.path], { encoding: "utf8" });
    expect(sum.slice(0, 64)).toBe(disk.sha256);
    const left = readdirSync(join(project, ".igneous/builds"), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /(?:^|\/)\./u.test(name))).toEqual([]);
    const scratch = join(project, "cache/igneous/compose");
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
    execFileSync("ostree", ["fsck", "-q", `--repo=${join(project, ".igneous/repo")}`]);
    expect((await igneous(project, "verify")).exit).toBe(0);
  });
});
