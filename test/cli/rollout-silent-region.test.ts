import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type FleetSetting, fleetSetting, type Ran, writeProject } from "./fleet-setting.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

/** Runs the program as a process of its own, to its very end. */
function run({ sim, folder }: FleetSetting, argv: readonly string[]): Promise<Ran> {
  const env = { ...process.env, ...sim.env };
  return new Promise((resolve) => {
    const args = ["--import", "tsx", main, ...argv, "-C", folder];
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
      resolve({ exit: child.exitCode ?? undefined, stdout, stderr }),
    );
  });
}

describe("a region that never answers", () => {
  it("is told with its groups, the others are shown, and the program ends", async () => {
    const setting = await fleetSetting();
    const text = await readFile(join(setting.folder, "igneous.yaml"), "utf8");
    const more = "    - { name: masters, region: us-east-1 }\n    - { name: workers, region: us-east-1 }\n";
    await writeProject(setting.folder, text.replace("  instanceWarmup", `${more}  instanceWarmup`));
    setting.sim.faults.add({ region: "us-east-1", effect: { kind: "hang" } });
    const { exit, stdout, stderr } = await run(setting, ["status", "--group"]);
    expect(stdout).toContain("workers in eu-central-1: 4 of 4 in service");
    expect(stdout).toContain("masters in us-east-1: not known\n");
    expect(stdout).toContain("workers in us-east-1: not known\n");
    expect(stdout).toContain("us-east-1 could not be read: it has not answered for 10 s\n");
    expect(stderr).toBe("");
    expect(exit).toBe(1);
    const checked = await run(setting, ["status", "--group", "--check", "--json"]);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      failures: [{ region: "us-east-1", groups: ["masters", "workers"] }],
      hasDrift: false,
    });
    expect(checked.exit).toBe(1);
  });
});
