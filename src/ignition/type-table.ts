/**
 * Types of a config language that came in many versions, as rows that can be held beside upstream's schema:
 * `"name type versions"`, with types as Go writes them (`*` is optional, `[]` a list), versions as `2`, `2-3`, `-2` or
 * `4+`, and `!` behind the name of a field that is written even when it is empty.
 */
export type TypeRows = Readonly<Record<string, readonly string[]>>;

export interface Field {
  readonly name: string;
  /** `string`, `int`, `bool`, a named string such as `Device`, or the name of a struct. */
  readonly type: string;
  readonly list: boolean;
  readonly pointer: boolean;
  /** Written even when empty. */
  readonly required: boolean;
}

export type StructType = readonly Field[];

/** A struct type, and what follows from its fields. */
export interface Shape {
  readonly fields: StructType;
  readonly byName: ReadonlyMap<string, Field>;
  /** Fields that may hold a struct or a list. */
  readonly containers: StructType;
  /** Fields that always hold a struct. */
  readonly nested: StructType;
  /** What each field but the nested ones holds when nothing is said about it. */
  readonly blank: Readonly<Record<string, string | bigint | boolean | undefined>>;
}

/** The types of one version. Undefined for a name that is no struct. */
export interface TypeSet {
  readonly version: number;
  readonly struct: (name: string) => StructType | undefined;
  readonly shape: (name: string) => Shape | undefined;
}

/** For each minor version the rows that hold for it, read only once. */
export function typesByVersion(rows: TypeRows): (version: number) => TypeSet {
  const known = new Map<number, TypeSet>();
  return (version) => {
    const types = known.get(version) ?? typesOfVersion(rows, version);
    known.set(version, types);
    return types;
  };
}

function typesOfVersion(rows: TypeRows, version: number): TypeSet {
  const structs = new Map(
    Object.entries(rows).map(([name, fields]) => [
      name,
      fields.flatMap((row) => {
        const [field, versions] = parseRow(row);
        return isWithin(version, versions) ? [field] : [];
      }),
    ]),
  );
  const shapes = new Map([...structs].map(([name, fields]) => [name, shapeOf(fields, structs)]));
  return { version, struct: (name) => structs.get(name), shape: (name) => shapes.get(name) };
}

function shapeOf(fields: StructType, structs: ReadonlyMap<string, StructType>): Shape {
  const containers = fields.filter((field) => field.list || structs.has(field.type));
  const nested = containers.filter((field) => !field.list && !field.pointer);
  return {
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    containers,
    nested,
    blank: Object.fromEntries(
      fields.map((field) => [field.name, nested.includes(field) ? undefined : blankOf(field)]),
    ),
  };
}

function blankOf(field: Field): string | bigint | boolean | undefined {
  if (field.pointer || field.list) return undefined;
  return field.type === "int" ? 0n : field.type === "bool" ? false : "";
}

function parseRow(row: string): readonly [Field, string] {
  const [name = "", type = "", versions = "0+"] = row.split(/ +/u);
  const field = {
    name: name.replace("!", ""),
    type: type.replace(/^\*|^\[\]/u, ""),
    list: type.startsWith("[]"),
    pointer: type.startsWith("*"),
    required: name.endsWith("!"),
  };
  return [field, versions];
}

function isWithin(version: number, versions: string): boolean {
  if (versions.endsWith("+")) return version >= Number(versions.slice(0, -1));
  const [first = "", last = first] = versions.split("-");
  return version >= Number(first) && version <= Number(last);
}
