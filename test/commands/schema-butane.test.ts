import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderTemplate } from "../../src/butane/template.ts";
import { butaneJsonSchema } from "../../src/commands/schema-butane.ts";
import { temporaryFolder } from "../tools.ts";

/** Debian's python3-jsonschema judges texts by the schema, which it checks first. */
async function judge(configs: readonly unknown[]): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  const program = [
    "import json, sys, jsonschema",
    "schema = json.load(open(sys.argv[1]))",
    "jsonschema.Draft202012Validator.check_schema(schema)",
    "validator = jsonschema.Draft202012Validator(schema)",
    "for config in json.load(open(sys.argv[2])):",
    "    print(' | '.join(sorted(e.json_path + ' ' + str(e.validator) for e in validator.iter_errors(config))))",
  ].join("\n");
  await writeFile(join(folder, "schema.json"), JSON.stringify(butaneJsonSchema()));
  await writeFile(join(folder, "configs.json"), JSON.stringify(configs));
  const argv = ["-c", program, join(folder, "schema.json"), join(folder, "configs.json")];
  const { stdout } = await promisify(execFile)("/usr/bin/python3", argv);
  return stdout.split("\n").slice(0, -1);
}

const sample = (name: string): unknown =>
  parse(
    renderTemplate(readFileSync(`butane/${name}`, "utf8"), {
      file: name,
      variables: {
        hostname: "a",
        roles: ["worker"],
        sshKeys: ["k"],
        nodeConfig: [],
        clusterCa: "c",
        gethVolume: "/dev/b",
      },
    }),
  );

describe("butaneJsonSchema", () => {
  it("is a schema, and our templates fit it", async () => {
    expect(await judge([sample("image.bu.hbs"), sample("launch.bu.hbs")])).toEqual(["", ""]);
  });

  it("tells what does not fit, by the version of the config", async () => {
    const of = (version: string, more: object): object => ({ variant: "fcos", version, ...more });
    const kernel = { kernel_arguments: { should_exist: ["quiet"] } };
    const files = (file: object): object => ({ storage: { files: [file] } });
    expect(
      await judge([
        of("1.4.0", kernel),
        of("1.3.0", kernel),
        of("1.4.0", files({ path: "/a", mode: "0644" })),
        of("1.4.0", files({ path: "/a", contnts: {} })),
        of("1.4.0", files({ path: 1.1, mode: null })),
        of("2.0.0", {}),
        { variant: "flatcar", version: "1.0.0" },
        {},
      ]),
    ).toEqual([
      "",
      "$ additionalProperties",
      "$.storage.files[0].mode type",
      "$.storage.files[0] additionalProperties",
      "",
      "$.version enum",
      "$.variant const",
      "$ required | $ required",
    ]);
  });

  it("describes every version of the variant, and refers only to what it has", () => {
    const schema = butaneJsonSchema() as {
      readonly $defs: Readonly<Record<string, Readonly<Record<string, object>>>>;
    };
    expect(Object.keys(schema.$defs)).toHaveLength(9);
    const references = JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"/]+)\/([^"/]+)"/gu);
    for (const [, version = "", type = ""] of references) expect(schema.$defs[version]).toHaveProperty(type);
  });
});
