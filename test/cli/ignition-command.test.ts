import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { temporaryFolder } from "../tools.ts";
import { testIo } from "./test-io.ts";

const inFolder = async (files: Readonly<Record<string, object | string>>) => {
  const cwd = await temporaryFolder();
  for (const [name, contents] of Object.entries(files)) {
    await writeFile(join(cwd, name), typeof contents === "string" ? contents : JSON.stringify(contents));
  }
  return async (...argv: readonly string[]) => {
    const { io, seen } = testIo({});
    await runProgram({ ...io, cwd }, ["node", "igneous", "ignition", ...argv]);
    return seen;
  };
};

describe("ignition command", () => {
  it("says which spec a valid config is of, and shows warnings with their line", async () => {
    const run = await inFolder({ "a.ign": '{"ignition": {"version": "3.4.0"},\n "extra": 1}' });
    const { stdout, exit } = await run("validate", "a.ign");
    expect(exit).toBe(0);
    expect(stdout).toContain("a.ign:2:2: warning: extra: unused key extra\n");
    expect(stdout).toContain("a.ign is a valid Ignition 3.4.0 config\n");
  });

  it.each([
    ["", "not a config (empty)"],
    ["{", "unexpected end of JSON input"],
    ['{"ignition": {"version": "2.0.0"}}', "a.ign:1:26: error: unsupported config version 2.0.0"],
    ['{"ignition": {"version": "3.3.0"}, "storage": 5}', "a.ign:1:47: error: json: cannot unmarshal number"],
    [
      '{"ignition": {"version": "3.3.0"},\n"storage": {"files": [{"path": "a"}, {"path": "b"}]}}',
      "a.ign:2:47: error: storage.files.1.path: path not absolute",
    ],
  ])("refuses %j with every problem at its place", async (config, expected) => {
    const run = await inFolder({ "a.ign": config });
    const { stderr, exit } = await run("validate", "a.ign");
    expect(exit).toBe(3);
    expect(stderr).toContain(expected);
  });

  it("merges configs in the newest version among them, and drops mode bits that had no effect before 3.6", async () => {
    const run = await inFolder({
      "a.ign": {
        ignition: { version: "3.2.0" },
        storage: {
          files: [{ path: "/a", mode: 0o4755 }],
          luks: [{ name: "d", device: "/dev/d", clevis: { tpm2: true } }],
        },
      },
      "b.ign": { ignition: { version: "3.6.0" }, storage: { files: [{ path: "/b", mode: 0o4755 }] } },
    });
    const { stdout, exit } = await run("merge", "a.ign", "b.ign");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ignition: { version: "3.6.0" },
      storage: {
        files: [
          { path: "/a", mode: 0o755 },
          { path: "/b", mode: 0o4755 },
        ],
        luks: [{ name: "d", device: "/dev/d", clevis: { tpm2: true } }],
      },
    });
  });

  it("refuses a merge whose result would not be valid", async () => {
    const version = { ignition: { version: "3.3.0" } };
    const run = await inFolder({
      "a.ign": { ...version, storage: { links: [{ path: "/a", target: "/x" }] } },
      "b.ign": { ...version, storage: { files: [{ path: "/a/b" }] } },
    });
    const { stderr, exit } = await run("merge", "a.ign", "b.ign");
    expect(exit).toBe(3);
    expect(stderr).toContain("file path includes link in config");
  });
});
