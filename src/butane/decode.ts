import { bytesToText, textToBytes } from "../core/byte-text.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { type Struct, type Value, zeroStruct, zeroValue } from "../ignition/value.ts";
import { decodeScalar, type ScalarType } from "./decode-scalar.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlNode } from "./yaml-node-parts.ts";
import { checkUnique, pairs } from "./yaml-pairs.ts";

/** A document read into the types of a config. */
export interface Decoded {
  readonly value: Struct;
  /** `line N: cannot unmarshal …`, one for each value of a wrong type. */
  readonly problems: readonly string[];
}

interface Decoder {
  readonly types: TypeSet;
  /** A type's name as messages have it. */
  readonly typeName: (name: string, list: boolean) => string;
  readonly problems: string[];
  readonly open: Set<YamlNode>;
  decodes: number;
  aliasDecodes: number;
  aliasDepth: number;
}

/** Reads a document into a type, as go-yaml does: every wrong value is listed, keys that the type lacks are passed over. */
export function decodeYaml(
  root: YamlNode | undefined,
  type: string,
  types: TypeSet,
  typeName: (name: string, list: boolean) => string,
): Decoded {
  const decoder: Decoder = {
    types,
    typeName,
    problems: [],
    open: new Set(),
    decodes: 0,
    aliasDecodes: 0,
    aliasDepth: 0,
  };
  const value = zeroStruct(type, types);
  if (root !== undefined)
    decodeInto(decoder, root, (node) => decodeStruct(decoder, node, type, value, undefined));
  return { value, problems: decoder.problems };
}

/** Follows aliases, counts the work, and hands the real node on. */
function decodeInto<T>(decoder: Decoder, node: YamlNode, decode: (node: YamlNode) => T): T {
  countDecode(decoder);
  if (node.target === undefined) return decode(node);
  if (decoder.open.has(node)) throw new YamlError(`anchor '${node.value}' value contains itself`);
  decoder.open.add(node);
  decoder.aliasDepth++;
  const result = decodeInto(decoder, node.target, decode);
  decoder.aliasDepth--;
  decoder.open.delete(node);
  return result;
}

function countDecode(decoder: Decoder): void {
  decoder.decodes++;
  if (decoder.aliasDepth > 0) decoder.aliasDecodes++;
  const { decodes, aliasDecodes } = decoder;
  if (aliasDecodes <= 100 || decodes <= 1000) return;
  const scale = Math.min(1, Math.max(0, (decodes - 400_000) / 3_600_000));
  if (aliasDecodes / decodes > 0.99 - 0.89 * scale)
    throw new YamlError("document contains excessive aliasing");
}

function refuse(decoder: Decoder, node: YamlNode, typeName: string): undefined {
  const shown = node.value.length > 10 ? `${cutBytes(node.value)}...` : node.value;
  const value = node.tag === "!!map" || node.tag === "!!seq" ? "" : ` \`${shown}\``;
  decoder.problems.push(`line ${node.line}: cannot unmarshal ${node.tag}${value} into ${typeName}`);
  return undefined;
}

function cutBytes(value: string): string {
  return bytesToText(textToBytes(value).subarray(0, 7));
}

/** The value of a field, or undefined where the field is to keep what it has. */
function decodeField(decoder: Decoder, node: YamlNode, field: Field, old: Value): Value {
  return decodeInto(decoder, node, (real) => {
    if (field.list) {
      return isNull(real) ? undefined : (decodeList(decoder, real, field) ?? old);
    }
    if (isNull(real)) return field.pointer ? undefined : old;
    return decodeItem(decoder, real, field.type, old) ?? initialised(decoder, field, old);
  });
}

// A pointer is made before the value is looked at, so a wrong value leaves an empty one.
function initialised(decoder: Decoder, field: Field, old: Value): Value {
  return old ?? zeroValue({ ...field, pointer: false }, decoder.types);
}

function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.tag === "!!null";
}

function decodeList(decoder: Decoder, node: YamlNode, field: Field): Value[] | undefined {
  if (node.kind === "mapping" && !checkUnique(decoder.problems, node)) return undefined;
  if (node.kind !== "sequence") return refuse(decoder, node, decoder.typeName(field.type, true));
  const items: Value[] = [];
  for (const item of node.content) {
    const value = decodeInto(decoder, item, (real) =>
      isNull(real) ? undefined : decodeItem(decoder, real, field.type, undefined),
    );
    if (value !== undefined) items.push(value);
  }
  return items;
}

function decodeItem(decoder: Decoder, node: YamlNode, type: string, old: Value): Value {
  if (decoder.types.struct(type) !== undefined) {
    const struct = typeof old === "object" && !Array.isArray(old) ? old : zeroStruct(type, decoder.types);
    return decodeStruct(decoder, node, type, struct, undefined) ? struct : undefined;
  }
  if (node.kind === "mapping" && !checkUnique(decoder.problems, node)) return undefined;
  const scalarType: ScalarType = type === "int" || type === "bool" ? type : "string";
  const value = node.kind === "scalar" ? decodeScalar(node, scalarType) : undefined;
  return value ?? refuse(decoder, node, decoder.typeName(type, false));
}

/** Fields that are set already and that a merged mapping must leave alone. */
type Taken = Set<string>;

function decodeStruct(
  decoder: Decoder,
  node: YamlNode,
  type: string,
  struct: Struct,
  taken: Taken | undefined,
): boolean {
  if (isNull(node)) return false;
  if (node.kind !== "mapping") {
    refuse(decoder, node, decoder.typeName(type, false));
    return false;
  }
  if (!checkUnique(decoder.problems, node)) return false;
  const fields = decoder.types.struct(type) ?? [];
  const done = new Set<string>();
  let merge: YamlNode | undefined;
  for (const [key, value] of pairs(node)) {
    if (isMerge(key)) {
      merge = value;
      continue;
    }
    const name = decodeKey(decoder, key);
    if (name === undefined || taken?.has(name) === true) continue;
    taken?.add(name);
    const field = fields.find((one) => one.name === name);
    if (field === undefined) continue;
    if (done.has(name)) {
      decoder.problems.push(
        `line ${key.line}: field ${name} already set in type ${decoder.typeName(type, false)}`,
      );
      continue;
    }
    done.add(name);
    struct[name] = decodeField(decoder, value, field, struct[name]);
  }
  if (merge !== undefined) decodeMerge(decoder, node, merge, type, struct, taken);
  return true;
}

function isMerge(node: YamlNode): boolean {
  return node.kind === "scalar" && node.value === "<<" && node.tag === "!!merge";
}

function decodeKey(decoder: Decoder, key: YamlNode): string | undefined {
  return decodeInto(decoder, key, (real) => {
    if (isNull(real)) return undefined;
    const value = decodeItem(decoder, real, "string", undefined);
    return typeof value === "string" ? value : undefined;
  });
}

function decodeMerge(
  decoder: Decoder,
  parent: YamlNode,
  merge: YamlNode,
  type: string,
  struct: Struct,
  taken: Taken | undefined,
): void {
  const own = taken ?? new Set([...pairs(parent)].map(([key]) => (key.target ?? key).value));
  const sources = merge.kind === "sequence" ? merge.content : [merge];
  for (const source of sources) {
    if ((source.target ?? source).kind !== "mapping") {
      throw new YamlError("map merge requires map or sequence of maps as the value");
    }
    decodeInto(decoder, source, (real) => decodeStruct(decoder, real, type, struct, own));
  }
}
