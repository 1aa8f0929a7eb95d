import { ignitionTypes, ignitionVersion } from "./ignition-types.ts";
import type { Problem } from "./problem.ts";
import { ruleProblems } from "./rules.ts";
import type { Field, TypeSet } from "./type-table.ts";
import {
  findInteger,
  isZeroStruct,
  part,
  parts,
  type Path,
  pathText,
  type Struct,
  type Value,
  zeroStruct,
  zeroValue,
} from "./value.ts";

export type Lowered =
  | { readonly minor: number; readonly types: TypeSet; readonly config: Struct }
  | { readonly problems: readonly Problem[] };

/**
 * Rewrites a valid config in the lowest spec version that can say the same. When that is above `maxMinor`, every part
 * that needs more is named, with the version it came in.
 */
export function lowerConfig(config: Struct, from: TypeSet, maxMinor: number): Lowered {
  for (let minor = 0; minor <= from.version; minor++) {
    const { problems, ...lowered } = rewrite(config, from, minor);
    if (problems.length > 0) continue;
    if (minor <= maxMinor) return lowered;
    break;
  }
  const { problems } = rewrite(config, from, maxMinor);
  return {
    problems: problems.map((problem) => ({
      ...problem,
      severity: "error",
      message: explain(problem, config, from, maxMinor),
    })),
  };
}

/** The same config in a newer spec version. Before 3.6 the special bits of a mode had no effect, so they go. */
export function raiseConfig(config: Struct, from: TypeSet, minor: number): Struct {
  const { config: raised } = rewrite(config, from, minor);
  if (from.version >= 6 || minor < 6) return raised;
  for (const list of ["files", "directories"]) {
    for (const node of parts(part(raised, "storage"), list)) {
      const mode = findInteger(node, "mode");
      if (mode !== undefined) node["mode"] = mode & 0o777n;
    }
  }
  return raised;
}

interface Rewritten {
  readonly minor: number;
  readonly types: TypeSet;
  readonly config: Struct;
  readonly problems: readonly Problem[];
}

function rewrite(config: Struct, from: TypeSet, minor: number): Rewritten {
  const types = ignitionTypes(minor);
  const missing: Problem[] = [];
  const result = rewriteStruct("Config", "Config", config, [], { from, types, missing });
  part(result, "ignition")["version"] = ignitionVersion(minor);
  // Whatever this version finds and the config's own does not: even a warning means that it would not be the same.
  const known = new Set(
    ruleProblems(config, from).map((problem) => pathText(problem.path) + problem.message),
  );
  const judged = ruleProblems(result, types).filter(
    (problem) => !known.has(pathText(problem.path) + problem.message),
  );
  return { minor, types, config: result, problems: [...missing, ...judged] };
}

interface Rewriting {
  readonly from: TypeSet;
  readonly types: TypeSet;
  readonly missing: Problem[];
}

function rewriteStruct(
  fromType: string,
  toType: string,
  struct: Struct,
  path: Path,
  rewriting: Rewriting,
): Struct {
  const { from, types, missing } = rewriting;
  const result = zeroStruct(toType, types);
  const known = new Map((types.struct(toType) ?? []).map((field) => [field.name, field]));
  for (const field of from.struct(fromType) ?? []) {
    const value = struct[field.name];
    const target = known.get(field.name);
    const at = [...path, field.name];
    if (target !== undefined) result[field.name] = rewriteField(field, target, value, at, rewriting);
    else if (!saysNothing(field, value, from)) missing.push({ severity: "error", path: at, message: "" });
  }
  return result;
}

function rewriteField(field: Field, target: Field, value: Value, path: Path, rewriting: Rewriting): Value {
  if (value === undefined) return zeroValue(target, rewriting.types);
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      typeof item === "object"
        ? rewriteStruct(field.type, target.type, item as Struct, [...path, index], rewriting)
        : item,
    );
  }
  if (typeof value !== "object") return value;
  if (target.pointer && isZeroStruct(field.type, value, rewriting.from)) return undefined;
  return rewriteStruct(field.type, target.type, value, path, rewriting);
}

/** True of a value that a version without the field means anyway. */
function saysNothing(field: Field, value: Value, types: TypeSet): boolean {
  if (value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object") {
    return (types.struct(field.type) ?? []).every((inner) => saysNothing(inner, value[inner.name], types));
  }
  return value === false && field.name !== "shouldExist";
}

function explain(problem: Problem, config: Struct, from: TypeSet, maxMinor: number): string {
  const path = pathText(problem.path);
  let since = maxMinor + 1;
  const stillWrong = (minor: number): boolean =>
    rewrite(config, from, minor).problems.some((other) => pathText(other.path) === path);
  while (since < from.version && stillWrong(since)) since++;
  const what = problem.message === "" ? `'${String(problem.path.at(-1))}'` : `this (${problem.message})`;
  return `${what} needs Ignition ${ignitionVersion(since)}, but 3.${maxMinor} is the newest allowed`;
}
