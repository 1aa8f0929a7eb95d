import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { initProject } from "../../src/commands/init.ts";
import { loadProject } from "../../src/commands/project.ts";
import { renderTemplates } from "../../src/commands/templates.ts";
import { specJsonSchema } from "../../src/spec/schema.ts";
import { testIo } from "../cli/test-io.ts";
import { temporaryFolder } from "../tools.ts";

describe("init", () => {
  it("writes a project whose templates render, with the schema for editors and what git is to ignore", async () => {
    const folder = await temporaryFolder();
    const { files } = await initProject(folder);
    expect(renderTemplates(await loadProject(folder)).warnings).toEqual([]);
    const spec = await readFile(join(folder, "igneous.yaml"), "utf8");
    expect(spec).toMatch(/^# yaml-language-server: \$schema=\.\/igneous\.schema\.json\n/u);
    expect(JSON.parse(await readFile(join(folder, "igneous.schema.json"), "utf8"))).toEqual(specJsonSchema());
    expect(await readFile(join(folder, ".gitignore"), "utf8")).toContain("\n.igneous/\n");
    expect((await stat(join(folder, "packer/scripts/apply"))).mode & 0o111).not.toBe(0);
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
    expect(texts.filter((text) => text.includes("README"))).toEqual([]);
  });

  it("leaves a .gitignore that is there, and says what to put into it and what to commit", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, ".gitignore"), "node_modules\n");
    const { io, seen } = testIo({ cwd });
    await runProgram(io, ["node", "igneous", "init"]);
    expect(seen.exit).toBe(0);
    expect(await readFile(join(cwd, ".gitignore"), "utf8")).toBe("node_modules\n");
    expect(seen.stdout).toContain("put .igneous/ into your .gitignore");
    expect(seen.stdout).toContain(
      "next: igneous lock, then igneous bake\ncommit all of this, and images.lock.json",
    );
  });

  it("refuses to overwrite, and names the folder in what comes next", async () => {
    const cwd = await temporaryFolder();
    const { io, seen } = testIo({ cwd });
    await runProgram(io, ["node", "igneous", "init", "node"]);
    expect(seen.stdout).toContain("next: igneous lock -C node, then igneous bake -C node\n");
    await runProgram(io, ["node", "igneous", "init", "node"]);
    expect([seen.exit, seen.stderr]).toEqual([3, expect.stringContaining("already has igneous.schema.json")]);
  });
});
