import { describe, expect, it } from "vitest";
import { ignitionTypes } from "../../src/ignition/ignition-types.ts";
import { mergeConfigs } from "../../src/ignition/merge.ts";
import { readConfig } from "../../src/ignition/validate.ts";
import type { Struct } from "../../src/ignition/value.ts";
import { writeJson } from "../../src/ignition/write-json.ts";
import { readGolden } from "../butane/golden.ts";

interface Golden {
  readonly parent: string;
  readonly child: string;
  /** What upstream's merge gives, without what is empty. */
  readonly merged: string;
}

const types = ignitionTypes(3);

function read(json: string): Struct {
  const result = readConfig(json, types);
  if ("problem" in result) throw new Error(result.problem.message);
  return result.config;
}

describe("mergeConfigs", () => {
  it("merges as Ignition itself does", () => {
    const goldens = readGolden<Golden>("merges.jsonl");
    expect(goldens.length).toBeGreaterThan(40);
    for (const { parent, child, merged } of goldens) {
      const { result } = mergeConfigs("Config", read(parent), read(child), types);
      expect(JSON.parse(writeJson("Config", result, types, false))).toEqual(JSON.parse(merged));
    }
  });
});
