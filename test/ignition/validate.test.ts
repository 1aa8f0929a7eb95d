import { execFileSync } from "node:child_process";
import { assert, constantFrom, integer, jsonValue, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { ignitionTypes, ignitionVersion } from "../../src/ignition/ignition-types.ts";
import { mergeConfigs } from "../../src/ignition/merge.ts";
import { JsonError, type JsonNode, readJson } from "../../src/ignition/read-json.ts";
import { configProblems, readConfig } from "../../src/ignition/validate.ts";
import { isFatal } from "../../src/ignition/problem.ts";
import type { Struct } from "../../src/ignition/value.ts";
import { writeJson } from "../../src/ignition/write-json.ts";
import { readGolden } from "../butane/golden.ts";
import { requireTool } from "../tools.ts";

interface Golden {
  readonly output?: string;
}

/** Configs that butane wrote, of the spec versions that Debian's ignition-validate knows. */
const outputs = readGolden<Golden>("translations.jsonl")
  .map((golden) => golden.output ?? "")
  .filter((output) => /^\{"ignition":.*"version":"3\.[0-3]\.0"/u.test(output));

const minorOf = (json: string): number => Number(/"version":"3\.(\d)/u.exec(json)?.[1]);

const read = (json: string, minor = minorOf(json)): Struct => {
  const result = readConfig(json, ignitionTypes(minor));
  if ("problem" in result) throw new Error(result.problem.message);
  return result.config;
};

const isValid = (json: string): boolean => {
  const types = ignitionTypes(minorOf(json));
  const result = readConfig(json, types);
  return !("problem" in result) && !isFatal(configProblems(result.config, result.root, types).problems);
};

const isValidForIgnition = (json: string): boolean => {
  try {
    execFileSync(requireTool("ignition-validate"), ["-"], { input: json, stdio: ["pipe", "pipe", "pipe"] });
    return true;
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 1) return false;
    throw error;
  }
};

describe("Ignition configs", () => {
  it("are judged as ignition-validate judges them, whole and broken", () => {
    const breaks: readonly ((json: string) => string)[] = [
      (json) => json,
      (json) => json.replace('"path":"/', '"path":"'),
      (json) => json.replace(/"mode":\d+/u, '"mode":99999'),
      (json) => json.replace(/"source":"[a-z]+:/u, '"source":"nope:'),
      (json) => json.replace('"name":"', '"name":"/'),
      (json) => json.replace(/\}$/u, ""),
      (json) => json.replace(/"(device|path)":"[^"]*"/u, '"$1":5'),
    ];
    for (const [index, output] of outputs.slice(0, 28).entries()) {
      const json = breaks[index % breaks.length]?.(output) ?? output;
      expect([json, isValid(json)]).toEqual([json, isValidForIgnition(json)]);
    }
  });

  it("are written back as they were read", () => {
    for (const json of outputs) {
      const types = ignitionTypes(minorOf(json));
      expect(writeJson("Config", read(json), types, false)).toBe(json);
      expect(JSON.parse(writeJson("Config", read(json), types, true))).toEqual(JSON.parse(json));
    }
  });

  it("merge with an empty config into themselves, whichever comes first", () => {
    for (const json of outputs) {
      const types = ignitionTypes(minorOf(json));
      const empty = read(
        JSON.stringify({ ignition: { version: ignitionVersion(minorOf(json)) } }),
        minorOf(json),
      );
      const write = (config: Struct): string => writeJson("Config", config, types, false);
      expect(write(mergeConfigs("Config", empty, read(json), types).result)).toBe(json);
      expect(write(mergeConfigs("Config", read(json), empty, types).result)).toBe(json);
    }
  });

  it("merge so that the child's scalars win, keyed lists meet and a path changes its kind", () => {
    const version = "3.3.0";
    const merge = (parent: object, child: object): unknown => {
      const [a, b] = [parent, child].map((config) =>
        read(JSON.stringify({ ignition: { version }, ...config }), 3),
      );
      const types = ignitionTypes(3);
      return JSON.parse(
        writeJson("Config", mergeConfigs("Config", a ?? {}, b ?? {}, types).result, types, false),
      );
    };
    expect(
      merge(
        {
          storage: {
            files: [
              { path: "/a", mode: 420 },
              { path: "/b", append: [{ source: "data:,1" }] },
            ],
          },
        },
        {
          storage: {
            links: [{ path: "/a", target: "x" }],
            files: [{ path: "/b", mode: 384, append: [{ source: "data:,2" }] }],
          },
        },
      ),
    ).toEqual({
      ignition: { version },
      storage: {
        files: [{ path: "/b", mode: 384, append: [{ source: "data:,1" }, { source: "data:,2" }] }],
        links: [{ path: "/a", target: "x" }],
      },
    });
  });

  it("are read as JSON, exactly where JavaScript reads JSON", () => {
    const plain = (node: JsonNode): unknown => {
      if (node.type === "array") return node.content.map(plain);
      if (node.type === "object") {
        const keys = node.content.filter((_, index) => index % 2 === 0).map((key) => key.value);
        return Object.fromEntries(
          keys.map((key, index) => [key, plain(node.content[2 * index + 1] as JsonNode)]),
        );
      }
      return node.type === "string" ? node.value : (JSON.parse(node.value) as unknown);
    };
    assert(
      property(
        jsonValue({ noUnicodeString: true }),
        integer({ min: 0, max: 400 }),
        string({ maxLength: 2 }),
        (value, place, noise) => {
          const text = JSON.stringify(value);
          if (!text.includes("__proto__")) expect(plain(readJson(text))).toEqual(JSON.parse(text));
          const broken = text.slice(0, place % text.length) + noise + text.slice(place % text.length);
          expect(accepts(() => readJson(broken))).toBe(accepts(() => JSON.parse(broken)));
        },
      ),
    );
    assert(
      property(
        constantFrom("[".repeat(5000), '{"a":'.repeat(5000)),
        (text) => !accepts(() => readJson(text)),
      ),
    );
  });
});

function accepts(body: () => unknown): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError) return false;
    throw error;
  }
}
