import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { temporaryFolder } from "../tools.ts";
import { testIo } from "./test-io.ts";

const run = async (cwd: string, ...argv: readonly string[]) => {
  const { io, seen } = testIo({});
  await runProgram({ ...io, cwd }, ["node", "igneous", ...argv]);
  return seen;
};

const config =
  "variant: fcos\nversion: 1.4.0\nstorage:\n  files:\n    - path: /etc/a\n      mode: 0644\n      contents: {inline: hi}\n";

describe("butane command", () => {
  it("takes options anywhere, packed and long, as the program does", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, "a.bu"), config);
    const compact = await run(cwd, "butane", "a.bu");
    expect(compact.exit).toBe(0);
    expect(compact.stdout).toBe(
      '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/a","contents":{"compression":"","source":"data:,hi"},"mode":420}]}}\n',
    );
    const pretty = await run(cwd, "butane", "-sp", "a.bu", "--ignition-max=3.2");
    expect(JSON.parse(pretty.stdout)).toMatchObject({ ignition: { version: "3.0.0" } });
    expect(pretty.stdout).toContain('\n  "storage": {\n');
    expect((await run(cwd, "butane", "a.bu", "--check")).stdout).toBe("");
  });

  it("exits 2 with its usage for a bad option or a second file", async () => {
    const cwd = await temporaryFolder();
    for (const argv of [["--nope"], ["a", "b"], ["-o"], ["-x"]]) {
      const { exit, stderr, stdout } = await run(cwd, "butane", ...argv);
      expect([argv, exit, stdout]).toEqual([argv, 2, ""]);
      expect(stderr).toContain("Usage: igneous butane [options] [input-file]");
    }
  });

  it("exits 1 for a config with errors and shows each at its place", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, "a.bu"), config.replace("/etc/a", "etc/a").replace("inline: hi", "inlin: hi"));
    const { exit, stderr } = await run(cwd, "butane", "a.bu");
    expect(exit).toBe(1);
    expect(stderr).toContain("error[$.storage.files.0.path]:\n  --> a.bu:5:13\n");
    expect(stderr).toContain("warning[$.storage.files.0.contents.inlin]:\n  --> a.bu:7:18\n");
    expect(stderr.endsWith("Error translating config: config generated was invalid\n")).toBe(true);
  });

  it("fails on warnings when strict, and names a file that is not there", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, "a.bu"), `${config}extra: 1\n`);
    expect((await run(cwd, "butane", "a.bu")).exit).toBe(0);
    const strict = await run(cwd, "butane", "--strict", "a.bu");
    expect([strict.exit, strict.stdout]).toEqual([1, ""]);
    expect(strict.stderr.endsWith("Config produced warnings and --strict was specified\n")).toBe(true);
    const missing = await run(cwd, "butane", "b.bu");
    expect([missing.exit, missing.stderr]).toEqual([
      1,
      "failed to open b.bu: open b.bu: no such file or directory\n",
    ]);
  });
});
