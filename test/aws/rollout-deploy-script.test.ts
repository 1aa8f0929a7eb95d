import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { deployScript, rollbackScript } from "../../src/aws/rollout-in-place-plan.ts";
import { temporaryFolder } from "../tools.ts";

const run = promisify(execFile);
const commit = "c".repeat(64);
const url = "https://repo.example/igneous";

interface Node {
  readonly sh: (script: readonly string[]) => Promise<unknown>;
  /** Every program that was called, with its arguments. */
  readonly log: () => Promise<string>;
}

/** A node whose igneous-host and systemd-run only note their call; test/e2e/in-place.e2e.ts runs the real ones. */
async function node(hostExit: number): Promise<Node> {
  const folder = await temporaryFolder();
  for (const [program, exit] of [
    ["igneous-host", hostExit],
    ["systemd-run", 0],
  ] as const) {
    const text = `#!/bin/sh\necho ${program} "$@" >>${folder}/log\nexit ${exit}\n`;
    await writeFile(join(folder, program), text);
    await chmod(join(folder, program), 0o755);
  }
  return {
    sh: (script) =>
      run("sh", ["-c", script.join("\n")], { env: { PATH: `${folder}:${process.env["PATH"]}` } }),
    log: () => readFile(join(folder, "log"), "utf8"),
  };
}

describe("the scripts that nodes are sent", () => {
  it("deploy exactly the commit, and reboot a little later so that the answer gets out", async () => {
    const { sh, log } = await node(0);
    await sh(deployScript({ commit, url }));
    expect(await log()).toBe(
      `igneous-host deploy --from ${url} ${commit}\nsystemd-run --quiet --on-active=5 systemctl reboot\n`,
    );
  });

  it("do not reboot a node that refused", async () => {
    for (const script of [deployScript({ commit, url }), rollbackScript]) {
      const { sh, log } = await node(1);
      await expect(sh(script)).rejects.toThrow();
      expect(await log()).not.toContain("systemd-run");
    }
  });
});
