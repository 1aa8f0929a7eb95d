import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Check } from "../../src/disk/boot-report.ts";
import { renderCheckScript } from "../../src/disk/check-script.ts";
import { hostChecks } from "../../src/disk/host-checks.ts";
import { requireTool, temporaryFolder } from "../tools.ts";

interface Ran {
  readonly exit: number;
  readonly stdout: string;
}

/** Runs a program where systemd says that it is in `state`. */
async function runChecks(checks: readonly Check[], state = "running"): Promise<Ran> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/systemctl"), `#!/bin/sh\necho ${state}\n`);
  await chmod(join(folder, "bin/systemctl"), 0o755);
  await writeFile(join(folder, "check"), renderCheckScript(checks));
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
  return new Promise((done) => {
    execFile("sh", [join(folder, "check")], { env }, (error, stdout) => {
      done({ exit: typeof error?.code === "number" ? error.code : 0, stdout });
    });
  });
}

describe("the check program", () => {
  it("passes when every check says what is wanted", async () => {
    const { exit, stdout } = await runChecks([
      { name: "quotes", command: `printf '%s' "it's"`, expect: { contains: "it's" } },
      { name: "status", command: "exit 3", expect: { exit: 3 } },
      { name: "second-line", command: "echo a; echo b7", expect: { matches: "^b\\d$" } },
      { name: "stars", command: "echo a; echo '*'", expect: { contains: "*" } },
    ]);
    expect(stdout).toBe("passed quotes\npassed status\npassed second-line\npassed stars\n");
    expect(exit).toBe(0);
  });

  it.each<[string, Check, string]>([
    ["the exit status", { name: "x", command: "exit 1" }, "exit status 0, not 1"],
    ["the text", { name: "x", command: "echo a", expect: { contains: "[ab]" } }, "contains '[ab]'"],
    ["the pattern", { name: "x", command: "echo a", expect: { matches: "^b" } }, "matches /^b/"],
  ])("fails, says what was wanted and goes on, when %s is another", async (_, check, wanted) => {
    const { exit, stdout } = await runChecks([check, { name: "after", command: "true" }]);
    expect(exit).toBe(1);
    expect(stdout).toContain(`FAILED x: wanted`);
    expect(stdout).toContain(wanted);
    expect(stdout).toContain("passed after");
  });

  it("fails on a machine that systemd finds degraded", async () => {
    const { exit, stdout } = await runChecks([], "degraded");
    expect(exit).toBe(1);
    expect(stdout).toContain("FAILED systemd: degraded");
  });

  it("is clean to shellcheck with the checks of every boot", async () => {
    const shellcheck = requireTool("shellcheck");
    const file = join(await temporaryFolder(), "check");
    const containers = [{ name: "etcd", manifestDigest: `sha256:${"0".repeat(64)}` }];
    await writeFile(file, renderCheckScript(hostChecks("first", { commit: "0".repeat(64), containers })));
    const found = await new Promise<string>((done) => {
      // What a check says in quotes is for the machine to expand.
      execFile(shellcheck, ["--shell=sh", "--exclude=SC2016", file], (_, stdout) => done(stdout));
    });
    expect(found).toBe("");
  });
});
