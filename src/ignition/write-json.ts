import type { Field, TypeSet } from "./type-table.ts";
import { list, type Struct, type Value } from "./value.ts";

/** Writes a config as Go's encoder does: fields in the order of the type, empty ones left out at every level. */
export function writeJson(type: string, config: Struct, types: TypeSet, pretty: boolean): string {
  const lineBreak = pretty ? "\n" : "";
  const colon = pretty ? ": " : ":";
  const indent = (depth: number): string => (pretty ? "  ".repeat(depth) : "");

  let out = "";
  const writeStruct = (name: string, struct: Struct, depth: number): void => {
    const start = `{${lineBreak}`;
    let before = start;
    for (const field of types.struct(name) ?? []) {
      const value = struct[field.name];
      if (!field.required && isEmptyField(field, value, types)) continue;
      out += `${before}${indent(depth + 1)}"${field.name}"${colon}`;
      before = `,${lineBreak}`;
      if (Array.isArray(value)) writeList(field.type, value, depth + 1);
      else writeValue(field.type, value, depth + 1);
    }
    out += before === start ? "{}" : `${lineBreak}${indent(depth)}}`;
  };
  const writeList = (name: string, items: readonly Value[], depth: number): void => {
    const start = `[${lineBreak}`;
    let before = start;
    for (const item of items) {
      out += before + indent(depth + 1);
      before = `,${lineBreak}`;
      writeValue(name, item, depth + 1);
    }
    out += before === start ? "[]" : `${lineBreak}${indent(depth)}]`;
  };
  const writeValue = (name: string, value: Value, depth: number): void => {
    if (value === undefined) out += "null";
    else if (typeof value === "string") out += writeString(value);
    else if (typeof value === "object") writeStruct(name, value as Struct, depth);
    else out += String(value);
  };
  writeStruct(type, config, 0);
  return out;
}

/** True of what is left out: a struct is empty when all of its fields are, an optional scalar only when it is not set. */
function isEmptyField(field: Field, value: Value, types: TypeSet): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (field.pointer) return false;
  if (typeof value === "object") {
    for (const inner of types.struct(field.type) ?? []) {
      if (!isEmptyField(inner, value[inner.name], types)) return false;
    }
    return true;
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

// oxlint-disable-next-line no-control-regex
const needsEscape = /["\\\u0000-\u001f<>&\u2028\u2029\udc80-\udcff]/u;

/** A JSON string as Go writes it: safe inside HTML, no short forms for backspace and form feed, stray bytes replaced. */
export function writeString(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`;
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
