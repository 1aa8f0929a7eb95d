import type { TypeSet } from "./type-table.ts";
import { below, type Path, type Struct, type Value } from "./value.ts";

export type Visit = (type: string, value: Value, path: Path) => void;

/** Visits every struct and every list item of a config, parents first, fields in the order of their type. */
export function walkConfig(
  type: string,
  config: Struct,
  types: TypeSet,
  visit: Visit,
  path: Path = [],
): void {
  visit(type, config, path);
  for (const field of types.struct(type) ?? []) {
    const value = config[field.name];
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        walkItem(field.type, item, types, visit, below(path, field.name, index));
      }
    } else if (typeof value === "object")
      walkConfig(field.type, value, types, visit, below(path, field.name));
  }
}

function walkItem(type: string, item: Value, types: TypeSet, visit: Visit, path: Path): void {
  if (typeof item === "object" && !Array.isArray(item)) walkConfig(type, item, types, visit, path);
  else visit(type, item, path);
}
