import { bytesToText, textToBytes } from "../core/byte-text.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { type Struct, type Value, zeroStruct, zeroValue } from "../ignition/value.ts";
import { decodeScalar, type ScalarType } from "./decode-scalar.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlNode } from "./yaml-node-parts.ts";
import { checkUnique } from "./yaml-pairs.ts";

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
  if (root !== undefined) decodeFrom(decoder, root, type, value, undefined);
  return { value, problems: decoder.problems };
}

/** The node behind an alias, which is left again with {@link leaveAlias}. */
function enterAlias(decoder: Decoder, node: YamlNode, target: YamlNode): YamlNode {
  if (decoder.open.has(node)) throw new YamlError(`anchor '${node.value}' value contains itself`);
  decoder.open.add(node);
  decoder.aliasDepth++;
  return target;
}

function leaveAlias(decoder: Decoder, node: YamlNode): void {
  decoder.aliasDepth--;
  decoder.open.delete(node);
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
  countDecode(decoder);
  if (node.target !== undefined) {
    const value = decodeField(decoder, enterAlias(decoder, node, node.target), field, old);
    leaveAlias(decoder, node);
    return value;
  }
  if (field.list) return isNull(node) ? undefined : (decodeList(decoder, node, field) ?? old);
  if (isNull(node)) return field.pointer ? undefined : old;
  return decodeItem(decoder, node, field.type, old) ?? initialised(decoder, field, old);
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
    const value = decodeListItem(decoder, item, field.type);
    if (value !== undefined) items.push(value);
  }
  return items;
}

function decodeListItem(decoder: Decoder, node: YamlNode, type: string): Value {
  countDecode(decoder);
  if (node.target === undefined) return isNull(node) ? undefined : decodeItem(decoder, node, type, undefined);
  const value = decodeListItem(decoder, enterAlias(decoder, node, node.target), type);
  leaveAlias(decoder, node);
  return value;
}

function decodeItem(decoder: Decoder, node: YamlNode, type: string, old: Value): Value {
  if (decoder.types.shape(type) !== undefined) {
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

/** {@link decodeStruct} of a node that may be an alias. */
function decodeFrom(
  decoder: Decoder,
  node: YamlNode,
  type: string,
  struct: Struct,
  taken: Taken | undefined,
): void {
  countDecode(decoder);
  if (node.target === undefined) {
    decodeStruct(decoder, node, type, struct, taken);
    return;
  }
  decodeFrom(decoder, enterAlias(decoder, node, node.target), type, struct, taken);
  leaveAlias(decoder, node);
}

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
  const fields = decoder.types.shape(type)?.byName;
  const { content } = node;
  // Keys that are written differently may still mean one name; as long as all are plain text, they do not.
  const done = hasOddKey(content) ? new Set<string>() : undefined;
  let merge: YamlNode | undefined;
  for (let i = 0; i + 1 < content.length; i += 2) {
    const key = content[i] as YamlNode;
    const value = content[i + 1] as YamlNode;
    if (isMerge(key)) {
      merge = value;
      continue;
    }
    const name = decodeKey(decoder, key);
    if (name === undefined || taken?.has(name) === true) continue;
    taken?.add(name);
    const field = fields?.get(name);
    if (field === undefined) continue;
    if (done?.has(name) === true) {
      decoder.problems.push(
        `line ${key.line}: field ${name} already set in type ${decoder.typeName(type, false)}`,
      );
      continue;
    }
    done?.add(name);
    struct[field.name] = decodeField(decoder, value, field, struct[field.name]);
  }
  if (merge !== undefined) decodeMerge(decoder, node, merge, type, struct, taken);
  return true;
}

function hasOddKey(content: readonly YamlNode[]): boolean {
  for (let i = 0; i < content.length; i += 2) {
    const key = content[i] as YamlNode;
    if (key.kind !== "scalar" || key.tag !== "!!str") return true;
  }
  return false;
}

function isMerge(node: YamlNode): boolean {
  return node.kind === "scalar" && node.value === "<<" && node.tag === "!!merge";
}

function decodeKey(decoder: Decoder, key: YamlNode): string | undefined {
  countDecode(decoder);
  if (key.target !== undefined) {
    const name = decodeKey(decoder, enterAlias(decoder, key, key.target));
    leaveAlias(decoder, key);
    return name;
  }
  if (isNull(key)) return undefined;
  const value = decodeItem(decoder, key, "string", undefined);
  return typeof value === "string" ? value : undefined;
}

function decodeMerge(
  decoder: Decoder,
  { content }: YamlNode,
  merge: YamlNode,
  type: string,
  struct: Struct,
  taken: Taken | undefined,
): void {
  const own = taken ?? ownKeys(content);
  const sources = merge.kind === "sequence" ? merge.content : [merge];
  for (const source of sources) {
    if ((source.target ?? source).kind !== "mapping") {
      throw new YamlError("map merge requires map or sequence of maps as the value");
    }
    decodeFrom(decoder, source, type, struct, own);
  }
}

function ownKeys(content: readonly YamlNode[]): Taken {
  const keys = new Set<string>();
  for (let i = 0; i < content.length; i += 2) {
    const key = content[i] as YamlNode;
    keys.add((key.target ?? key).value);
  }
  return keys;
}
