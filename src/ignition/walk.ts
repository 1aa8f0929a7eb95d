import type { TypeSet } from "./type-table.ts";
import type { Path, Struct, Value } from "./value.ts";

/** Is told of a part of a config. The path is only lent: whoever keeps it makes a copy. */
export type Visit = (type: string, value: Value, path: Path) => void;

/** Visits every struct and every list item of a config, parents first, fields in the order of their type. */
export function walkConfig(type: string, config: Struct, types: TypeSet, visit: Visit): void {
  walkStruct(type, config, types, visit, []);
}

// One path grows and shrinks on the way: most of what is visited has no problem, so nobody keeps it.
function walkStruct(
  type: string,
  struct: Struct,
  types: TypeSet,
  visit: Visit,
  path: (string | number)[],
): void {
  visit(type, struct, path);
  const shape = types.shape(type);
  if (shape === undefined) return;
  for (const field of shape.containers) {
    const value = struct[field.name];
    if (typeof value !== "object") continue;
    path.push(field.name);
    if (!Array.isArray(value)) walkStruct(field.type, value, types, visit, path);
    else {
      for (let index = 0; index < value.length; index++) {
        const item = value[index];
        path.push(index);
        if (typeof item === "object" && !Array.isArray(item))
          walkStruct(field.type, item, types, visit, path);
        else visit(field.type, item, path);
        path.pop();
      }
    }
    path.pop();
  }
}
