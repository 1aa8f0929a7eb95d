import { decodeJson } from "./decode-json.ts";
import { ignitionTypes, ignitionVersion } from "./ignition-types.ts";
import type { Problem } from "./problem.ts";
import { type JsonNode, JsonError, readJson } from "./read-json.ts";
import { duplicateProblems, ruleProblems } from "./rules.ts";
import { findUnusedKeys, mapSource } from "./source-map.ts";
import type { TypeSet } from "./type-table.ts";
import { type Path, part, type Struct, text } from "./value.ts";
import { findVersion } from "./version.ts";

export interface CheckedConfig {
  /** `unknown-version` when the config is of another spec version than the one asked for; nothing else is judged then. */
  readonly outcome: "checked" | "unreadable" | "unknown-version";
  readonly problems: readonly Problem[];
}

/** Judges an Ignition config as spec 3.`minor`: JSON, types, rules, duplicates, unused keys. */
export function checkIgnitionConfig(json: string, minor: number): CheckedConfig {
  const types = ignitionTypes(minor);
  const read = readConfig(json, types);
  if ("problem" in read) {
    return {
      outcome: "unreadable",
      problems: [{ severity: "error", path: [], message: read.problem.message }],
    };
  }
  const version = findVersion(text(part(read.config, "ignition"), "version"));
  if (version !== undefined && version !== ignitionVersion(minor))
    return { outcome: "unknown-version", problems: [] };
  return { outcome: "checked", problems: configProblems(read.config, read.root, types).problems };
}

export type ReadConfig =
  | { readonly root: JsonNode; readonly config: Struct }
  | { readonly problem: { readonly message: string; readonly line: number; readonly column: number } };

/** Reads a JSON text as a config of one spec version. */
export function readConfig(json: string, types: TypeSet): ReadConfig {
  let root: JsonNode;
  try {
    root = readJson(json);
  } catch (error) {
    if (error instanceof JsonError) return { problem: error };
    throw error;
  }
  const { value, problem } = decodeJson(root, "Config", types);
  if (problem === undefined) return { root, config: value };
  return { problem: { message: problem.message, line: problem.node.line, column: problem.node.column } };
}

/** All problems of a config that could be read; `keys` are the paths that mean a key. */
export function configProblems(
  config: Struct,
  root: JsonNode,
  types: TypeSet,
): { readonly problems: readonly Problem[]; readonly keys: ReadonlySet<Path> } {
  const { problems, keys } = findUnusedKeys(config, types, mapSource(root));
  return {
    problems: [...ruleProblems(config, types), ...duplicateProblems(config, types), ...problems],
    keys,
  };
}
