import type { Field, TypeSet } from "./type-table.ts";
import { list, type Struct, type Value } from "./value.ts";

/** Writes a config as Go's encoder does: fields in the order of the type, empty ones left out at every level. */
export function writeJson(type: string, config: Struct, types: TypeSet, pretty: boolean): string {
  const lineBreak = pretty ? "\n" : "";
  const colon = pretty ? ": " : ":";
  const indent = (depth: number): string => (pretty ? "  ".repeat(depth) : "");

  const writeStruct = (name: string, struct: Struct, depth: number): string => {
    const fields = (types.struct(name) ?? []).filter(
      (field) => field.required || !isEmptyField(field, struct[field.name], types),
    );
    const members = fields.map(
      (field) =>
        `${indent(depth + 1)}"${field.name}"${colon}${writeField(field, struct[field.name], depth + 1)}`,
    );
    return wrap("{", members, "}", depth);
  };
  const wrap = (open: string, members: readonly string[], close: string, depth: number): string =>
    members.length === 0
      ? open + close
      : `${open}${lineBreak}${members.join(`,${lineBreak}`)}${lineBreak}${indent(depth)}${close}`;
  const writeField = (field: Field, value: Value, depth: number): string => {
    if (!Array.isArray(value)) return writeValue(field.type, value, depth);
    const items = value.map((item) => indent(depth + 1) + writeValue(field.type, item, depth + 1));
    return wrap("[", items, "]", depth);
  };
  const writeValue = (name: string, value: Value, depth: number): string => {
    if (value === undefined) return "null";
    if (typeof value === "string") return writeString(value);
    if (typeof value === "object") return writeStruct(name, value as Struct, depth);
    return String(value);
  };
  return writeStruct(type, config, 0);
}

/** True of what is left out: a struct is empty when all of its fields are, an optional scalar only when it is not set. */
function isEmptyField(field: Field, value: Value, types: TypeSet): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (field.pointer) return false;
  if (typeof value === "object") {
    return (types.struct(field.type) ?? []).every((inner) => isEmptyField(inner, value[inner.name], types));
  }
  return value === "" || value === 0n || value === false;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A JSON string as Go writes it: safe inside HTML, no short forms for backspace and form feed, stray bytes replaced. */
export function writeString(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const escaped = text.replaceAll(/["\\\u0000-\u001f<>&\u2028\u2029\udc80-\udcff]/gu, (character) => {
    if (character >= "\udc80" && character <= "\udcff") return "\\ufffd";
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return shortEscapes[character] ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

/** True when a list field holds something. */
export function hasItems(struct: Struct, field: string): boolean {
  return list(struct, field).length > 0;
}
