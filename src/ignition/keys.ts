import { findString, text, type Struct, type Value } from "./value.ts";

/** The field by which the items of a list are told apart. */
const keyFields: Readonly<Record<string, string>> = {
  CaReference: "source",
  ConfigReference: "source",
  Directory: "path",
  Disk: "device",
  Dropin: "name",
  File: "path",
  Filesystem: "device",
  HTTPHeader: "name",
  Link: "path",
  Luks: "name",
  PasswdGroup: "name",
  PasswdUser: "name",
  Raid: "name",
  Resource: "source",
  Tang: "url",
  Unit: "name",
};

/** Lists that may say the same thing twice, and are joined when configs merge. */
const repeatable = new Set([
  "File.append",
  "Filesystem.mountOptions",
  "Filesystem.options",
  "Luks.options",
  "Raid.options",
]);

/** Lists that share one space of keys: a path is a file, a directory or a link. */
const sharedGroups: Readonly<Record<string, string>> = {
  "KernelArguments.shouldExist": "KernelArgument",
  "KernelArguments.shouldNotExist": "KernelArgument",
  "Storage.directories": "Node",
  "Storage.files": "Node",
  "Storage.links": "Node",
};

export type KeyGroup = string;

export function keyGroup(type: string, field: string): KeyGroup {
  return sharedGroups[`${type}.${field}`] ?? field;
}

/** False for a list in which duplicates are allowed. */
export function sharesKeys(type: string, field: string): boolean {
  return !repeatable.has(`${type}.${field}`);
}

/** The key of a list item; a string is its own. */
export function keyOf(type: string, item: Value): string {
  if (typeof item === "string") return item;
  const struct = item as Struct;
  if (type === "Partition") return partitionKey(struct);
  return text(struct, keyFields[type] ?? "name");
}

function partitionKey(partition: Struct): string {
  const number = partition["number"];
  if (number !== 0n && number !== undefined) return `number:${String(number)}`;
  const label = findString(partition, "label");
  return label === undefined ? "" : `label:${label}`;
}
