import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { withErrorsTable } from "../scripts/readme-tables.ts";
import { createProgram } from "../src/cli/program.ts";
import { version } from "../src/core/version.ts";
import { parseSpec } from "../src/spec/load.ts";
import { specJsonSchema } from "../src/spec/schema.ts";
import { testIo } from "./cli/test-io.ts";

const readme = readFileSync("README.md", "utf8");

describe("README", () => {
  it("has the table of errors that the code has (npm run readme)", () => {
    expect(withErrorsTable(readme)).toBe(readme);
  });

  it("names only commands and options that there are", () => {
    const { program } = { program: createProgram(testIo().io) };
    const known = new Map(program.commands.map((command) => [command.name(), command]));
    for (const [, name = "", rest = ""] of readme.matchAll(/(?:^|`)igneous ([a-z][a-z-]*)([^`\n]*)/gmu)) {
      const command = known.get(name);
      expect(command, `igneous ${name}`).toBeDefined();
      const options = command?.options.flatMap(({ long, short }) => [long, short]) ?? [];
      for (const [option] of rest.matchAll(/(?<![\w-])--?[a-z][a-z-]*/gu)) {
        expect(["--help", ...options], `igneous ${name} ${option}`).toContain(option);
      }
    }
  });

  it("lists every command that there is", () => {
    for (const { name } of createProgram(testIo().io).commands.map((command) => ({ name: command.name() }))) {
      expect(readme).toContain(`\`igneous ${name}`);
    }
  });

  it("names only npm scripts that there are", () => {
    const scripts = JSON.parse(readFileSync("package.json", "utf8")).scripts as Record<string, string>;
    for (const [, name = ""] of readme.matchAll(/npm run ([a-z:0-9]+)/gu))
      expect(scripts).toHaveProperty([name]);
  });
});

describe("the package", () => {
  it("has one version", () => {
    expect(JSON.parse(readFileSync("package.json", "utf8")).version).toBe(version);
  });

  it("has the spec's JSON schema as the code has it (npm run schema)", () => {
    expect(JSON.parse(readFileSync("igneous.schema.json", "utf8"))).toEqual(specJsonSchema());
  });

  it("has example specs that are valid", () => {
    for (const file of ["igneous.yaml", "examples/upstream/igneous.yaml"]) {
      expect(parseSpec(file, readFileSync(file, "utf8")).spec.schemaVersion).toBe(1);
    }
  });
});
