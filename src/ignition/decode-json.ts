import type { JsonNode } from "./read-json.ts";
import type { Field, TypeSet } from "./type-table.ts";
import { type Struct, type Value, zeroStruct, zeroValue } from "./value.ts";

export interface DecodedJson {
  readonly value: Struct;
  /** The first value of a wrong type, in the words of Go's decoder. */
  readonly problem: { readonly message: string; readonly node: JsonNode } | undefined;
}

interface Decoder {
  readonly types: TypeSet;
  problem: DecodedJson["problem"];
}

interface Place {
  readonly struct: string;
  readonly fields: readonly string[];
}

/** Reads a JSON value into a type. Keys match in any case, as in Go; null and unknown keys are passed over. */
export function decodeJson(root: JsonNode, type: string, types: TypeSet): DecodedJson {
  const decoder: Decoder = { types, problem: undefined };
  const value = zeroStruct(type, types);
  decodeStruct(decoder, root, type, value, undefined);
  return { value, problem: decoder.problem };
}

function refuse(decoder: Decoder, node: JsonNode, goType: string, place: Place | undefined): undefined {
  const what = node.type === "number" && goType === "int" ? `number ${node.value}` : node.type;
  const target =
    place === undefined
      ? `Go value of type ${goType}`
      : `Go struct field ${place.struct}.${place.fields.join(".")} of type ${goType}`;
  decoder.problem ??= { message: `json: cannot unmarshal ${what} into ${target}`, node };
  return undefined;
}

function goName(type: string, types: TypeSet): string {
  const plain = ["string", "int", "bool"].includes(type);
  return plain || (types.struct(type) === undefined && type === "") ? type : `types.${type}`;
}

function decodeStruct(
  decoder: Decoder,
  node: JsonNode,
  type: string,
  struct: Struct,
  place: Place | undefined,
): boolean {
  if (node.type === "null") return true;
  if (node.type !== "object") {
    refuse(decoder, node, goName(type, decoder.types), place);
    return false;
  }
  const fields = decoder.types.struct(type) ?? [];
  for (let i = 0; i + 1 < node.content.length; i += 2) {
    const key = (node.content[i] as JsonNode).value;
    const lower = key.toLowerCase();
    const field =
      fields.find((candidate) => candidate.name === key) ??
      fields.find((candidate) => candidate.name.toLowerCase() === lower);
    if (field === undefined) continue;
    const inner = { struct: type, fields: [...(place?.fields ?? []), field.name] };
    struct[field.name] = decodeField(
      decoder,
      node.content[i + 1] as JsonNode,
      field,
      struct[field.name],
      inner,
    );
  }
  return true;
}

function decodeField(decoder: Decoder, node: JsonNode, field: Field, old: Value, place: Place): Value {
  if (node.type === "null") return field.pointer || field.list ? undefined : old;
  if (!field.list) return decodeItem(decoder, node, field.type, old, place) ?? old;
  if (node.type !== "array") {
    const name = field.type === "HTTPHeader" ? "types.HTTPHeaders" : `[]${goName(field.type, decoder.types)}`;
    refuse(decoder, node, name, place);
    return old;
  }
  const item = { ...field, list: false, pointer: false };
  return node.content.map((child) => {
    const zero = zeroValue(item, decoder.types);
    return child.type === "null" ? zero : (decodeItem(decoder, child, field.type, zero, place) ?? zero);
  });
}

function decodeItem(decoder: Decoder, node: JsonNode, type: string, old: Value, place: Place): Value {
  if (decoder.types.struct(type) !== undefined) {
    const struct = typeof old === "object" && !Array.isArray(old) ? old : zeroStruct(type, decoder.types);
    return decodeStruct(decoder, node, type, struct, place) ? struct : undefined;
  }
  if (type === "int" && node.type === "number" && /^-?\d+$/u.test(node.value)) return BigInt(node.value);
  if (type === "bool" && node.type === "bool") return node.value === "true";
  if (type !== "int" && type !== "bool" && node.type === "string") return node.value;
  return refuse(decoder, node, goName(type, decoder.types), place);
}
