import type { Field, TypeSet } from "./type-table.ts";

/**
 * A config in memory. A struct has every field of its type; an optional one that is not set is undefined, an integer is a
 * bigint because sizes may pass 2^53, and strings may hold stray bytes (see byte-text.ts).
 */
export type Value = string | bigint | boolean | undefined | Value[] | Struct;

export interface Struct {
  [field: string]: Value;
}

/** Keys and list indexes from the top of a config. */
export type Path = readonly (string | number)[];

/** A path with more steps at its end. */
export function below(path: Path, ...steps: Path): Path {
  return [...path, ...steps];
}

export function pathText(path: Path): string {
  return path.length === 0 ? "$" : `$.${path.join(".")}`;
}

/** What a field holds when nothing is said about it. */
export function zeroValue(field: Field, types: TypeSet): Value {
  if (field.pointer || field.list) return undefined;
  if (field.type === "int") return 0n;
  if (field.type === "bool") return false;
  return types.struct(field.type) === undefined ? "" : zeroStruct(field.type, types);
}

export function zeroStruct(type: string, types: TypeSet): Struct {
  const shape = types.shape(type);
  if (shape === undefined) return {};
  const struct: Struct = { ...shape.blank };
  for (const field of shape.nested) struct[field.name] = zeroStruct(field.type, types);
  return struct;
}

/** True of a field that says nothing. An optional field that is set is never zero, nor is a list, even an empty one. */
export function isZeroField(field: Field, value: Value, types: TypeSet): boolean {
  if (value === undefined) return true;
  if (field.pointer || field.list) return false;
  if (typeof value === "object" && !Array.isArray(value)) return isZeroStruct(field.type, value, types);
  return value === "" || value === 0n || value === false;
}

/** True of a struct in which no field says anything. */
export function isZeroStruct(type: string, struct: Struct, types: TypeSet): boolean {
  return (types.struct(type) ?? []).every((field) => isZeroField(field, struct[field.name], types));
}

/** A text field; empty when it is not set. */
export function text(struct: Struct, field: string): string {
  return findString(struct, field) ?? "";
}

export function findString(struct: Struct, field: string): string | undefined {
  const value = struct[field];
  return typeof value === "string" ? value : undefined;
}

export function findInteger(struct: Struct, field: string): bigint | undefined {
  const value = struct[field];
  return typeof value === "bigint" ? value : undefined;
}

export function isTrue(struct: Struct, field: string): boolean {
  return struct[field] === true;
}

/** A struct field; an empty struct when it is not there. */
export function part(struct: Struct, field: string): Struct {
  const value = struct[field];
  return typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** The structs of a list; none when it is not set. */
export function parts(struct: Struct, field: string): Struct[] {
  return list(struct, field) as Struct[];
}

/** The items of a list; none when it is not set. */
export function list(struct: Struct, field: string): Value[] {
  const value = struct[field];
  return Array.isArray(value) ? value : [];
}
