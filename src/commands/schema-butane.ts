import { butaneTypes, fcosVersions } from "../butane/butane-types.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";

type Schema = Readonly<Record<string, unknown>>;

/** JSON schema (2020-12) of Butane configs of variant `fcos`, every version, for editors. */
export function butaneJsonSchema(): Schema {
  const versions = Object.entries(fcosVersions);
  const definitions = versions.flatMap(([version, { minor }]) =>
    typeDefinitions(version, butaneTypes(minor)),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Butane config (variant fcos)",
    type: "object",
    required: ["variant", "version"],
    properties: {
      variant: { const: "fcos", description: "the only variant that igneous translates" },
      version: { enum: versions.map(([version]) => version), description: "version of the variant" },
    },
    allOf: versions.map(([version]) => ({
      if: { properties: { version: { const: version } } },
      // oxlint-disable-next-line unicorn/no-thenable
      then: { $ref: `#/$defs/${version}/Config` },
    })),
    $defs: Object.fromEntries(
      versions.map(([version]) => [
        version,
        Object.fromEntries(
          definitions.filter((one) => one.version === version).map(({ name, schema }) => [name, schema]),
        ),
      ]),
    ),
  };
}

interface Definition {
  readonly version: string;
  readonly name: string;
  readonly schema: Schema;
}

/** The types of one version that a config can reach. */
function typeDefinitions(version: string, types: TypeSet): readonly Definition[] {
  const found = new Map<string, Definition>();
  const visit = (name: string): void => {
    const fields = types.struct(name);
    if (fields === undefined || found.has(name)) return;
    const properties = Object.fromEntries(
      fields.map((field) => [field.name, fieldSchema(version, field, types)]),
    );
    found.set(name, {
      version,
      name,
      schema: { type: ["object", "null"], properties, additionalProperties: false },
    });
    for (const field of fields) visit(field.type);
  };
  visit("Config");
  return [...found.values()];
}

function fieldSchema(version: string, field: Field, types: TypeSet): Schema {
  const item = itemSchema(version, field.type, types);
  return field.list ? { type: ["array", "null"], items: item } : item;
}

function itemSchema(version: string, type: string, types: TypeSet): Schema {
  if (types.struct(type) !== undefined) return { $ref: `#/$defs/${version}/${type}` };
  if (type === "int") return { type: ["integer", "null"] };
  if (type === "bool") return { type: ["boolean", "null"] };
  // A plain scalar of any kind is taken as its text.
  return { type: ["string", "number", "boolean", "null"] };
}
