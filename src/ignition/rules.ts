import { keyGroup, keyOf, sharesKeys } from "./keys.ts";
import { type Findings, newFindings, type Problem } from "./problem.ts";
import { clevisRules } from "./rules-clevis.ts";
import { pathProblem, type Rule } from "./rules-common.ts";
import { partitionRules } from "./rules-partitions.ts";
import { resourceRules } from "./rules-resources.ts";
import { storageRules } from "./rules-storage.ts";
import { systemdRules } from "./rules-systemd.ts";
import type { TypeSet } from "./type-table.ts";
import type { Path, Struct } from "./value.ts";
import { walkConfig } from "./walk.ts";

/** All rules of the spec, by the type they judge. */
const rules: Readonly<Record<string, Rule>> = {
  ...clevisRules,
  ...partitionRules,
  ...resourceRules,
  ...storageRules,
  ...systemdRules,
};

/** What Ignition's rules find in a config. */
export function ruleProblems(config: Struct, types: TypeSet): readonly Problem[] {
  const find = newFindings();
  walkConfig("Config", config, types, (type, value, path) => {
    if (type === "Device" && typeof value === "string") find.error(path, pathProblem(value));
    else if (typeof value === "object") rules[type]?.(value as Struct, path, find, types.version);
  });
  return find.problems;
}

/** Items of lists that say again what another item said. */
export function duplicateProblems(config: Struct, types: TypeSet): readonly Problem[] {
  const find = newFindings();
  walkConfig("Config", config, types, (type, value, path) => {
    if (typeof value === "object") findDuplicates(type, value as Struct, path, types, find);
  });
  return find.problems;
}

function findDuplicates(type: string, struct: Struct, path: Path, types: TypeSet, find: Findings): void {
  let seen: Map<string, Set<string>> | undefined;
  for (const field of types.shape(type)?.containers ?? []) {
    const items = struct[field.name];
    if (!Array.isArray(items) || !sharesKeys(type, field.name)) continue;
    seen ??= new Map();
    const group = keyGroup(type, field.name);
    const keys = seen.get(group) ?? new Set();
    seen.set(group, keys);
    for (const [index, item] of items.entries()) {
      const key = keyOf(field.type, item);
      if (keys.has(key)) find.error([...path, field.name, index], "duplicate entry defined");
      keys.add(key);
    }
  }
}
