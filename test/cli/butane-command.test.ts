import { mkdir, writeFile } from "node:fs/promises";
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

describe("butane command with --project", () => {
  const project = async (launch: string): Promise<string> => {
    const cwd = await temporaryFolder();
    await mkdir(join(cwd, "butane"));
    await writeFile(join(cwd, "butane/launch.bu.hbs"), launch);
    const variables = "  variables: { hostname: a1 }\n";
    const spec = `schemaVersion: 1\nname: node\nkubernetes: { version: 1.34.1 }\nbutane:\n  launch: butane/launch.bu.hbs\n${variables}`;
    await writeFile(join(cwd, "igneous.yaml"), spec);
    return cwd;
  };
  const head = "variant: fcos\nversion: 1.4.0\nstorage:\n  files:\n    - path: /etc/hostname\n";

  it("renders a template with the spec's variables before it is translated", async () => {
    const cwd = await project(`${head}      contents: { inline: {{yaml hostname}} }\n`);
    const { exit, stdout } = await run(cwd, "butane", "-C", ".", "butane/launch.bu.hbs");
    expect([exit, JSON.parse(stdout).storage.files[0].contents.source]).toEqual([0, "data:,a1"]);
    const pretty = await run(cwd, "butane", "--project=.", "-p", "butane/launch.bu.hbs");
    expect(pretty.stdout).toContain('\n  "storage": {\n');
    expect(await run(cwd, "butane", "-C.", "-c", "butane/launch.bu.hbs")).toMatchObject({
      stdout: "",
      exit: 0,
    });
  });

  it("says what bake would say", async () => {
    const cwd = await project(`${head}      contents: { inline: {{yaml hostnme}} }\n`);
    const { exit, stderr } = await run(cwd, "butane", "-C", ".", "butane/launch.bu.hbs");
    expect(exit).toBe(3);
    expect(stderr).toContain("butane/launch.bu.hbs:6:27: error: variable 'hostnme' has no value");
    expect(stderr).toContain(
      "did you mean 'hostname'? If not, set butane.variables.hostnme in igneous.yaml:6",
    );
    const json = await run(cwd, "butane", "-C", ".", "--json", "butane/launch.bu.hbs");
    expect(JSON.parse(json.stderr)).toMatchObject({ type: "error", code: "input-invalid", exitCode: 3 });
    const missing = await run(cwd, "butane", "-C", ".", "lunch.bu.hbs");
    expect([missing.exit, missing.stderr]).toEqual([
      3,
      expect.stringContaining("there is no file lunch.bu.hbs"),
    ]);
  });
});

describe("butane command's options of every command", () => {
  it("--json has one line for each problem, --quiet no warnings, and the output is as without", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, "a.bu"), `${config}extra: 1\n`);
    const plain = await run(cwd, "butane", "a.bu");
    const quiet = await run(cwd, "butane", "--quiet", "--no-color", "a.bu");
    expect([quiet.stderr, quiet.stdout]).toEqual(["", plain.stdout]);
    const json = await run(cwd, "butane", "--json", "a.bu");
    expect(json.stdout).toBe(plain.stdout);
    expect(JSON.parse(json.stderr)).toMatchObject({
      type: "warning",
      path: "$.extra",
      position: { line: 8 },
    });
    await writeFile(join(cwd, "b.bu"), config.replace("/etc/a", "etc/a"));
    const lines = (await run(cwd, "butane", "--json", "b.bu")).stderr.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(["error", "error"]);
  });
});
