import { part, parts, type Struct, text, zeroStruct } from "../ignition/value.ts";
import type { TypeSet } from "../ignition/type-table.ts";

export type NodeList = "files" | "directories" | "links";

const nodeTypes = { directories: "Directory", files: "File", links: "Link" } as const;

/** The files, directories and links of a config by their path, for parts that add more of them. */
export interface Nodes {
  readonly storage: Struct;
  readonly target: TypeSet;
  readonly indexes: Readonly<Record<NodeList, Map<string, number>>>;
}

export interface FoundNode {
  readonly index: number;
  readonly node: Struct;
}

export function trackNodes(config: Struct, target: TypeSet): Nodes {
  const storage = part(config, "storage");
  const indexOf = (list: NodeList): Map<string, number> =>
    new Map(parts(storage, list).map((node, index) => [text(node, "path"), index]));
  const indexes = { directories: indexOf("directories"), files: indexOf("files"), links: indexOf("links") };
  return { storage, target, indexes };
}

export function nodeExists({ indexes }: Nodes, path: string): boolean {
  return Object.values(indexes).some((index) => index.has(path));
}

export function findNode({ storage, indexes }: Nodes, list: NodeList, path: string): FoundNode | undefined {
  const index = indexes[list].get(path);
  const node = index === undefined ? undefined : parts(storage, list)[index];
  return index === undefined || node === undefined ? undefined : { index, node };
}

export function addNode({ storage, target, indexes }: Nodes, list: NodeList, fields: Struct): FoundNode {
  const node = { ...zeroStruct(nodeTypes[list], target), ...fields };
  const items = parts(storage, list);
  // A list that is not set yet gets one; afterwards it is grown in place, because a tree may have thousands of files.
  if (items.length === 0) storage[list] = [node];
  else items.push(node);
  indexes[list].set(text(node, "path"), items.length === 0 ? 0 : items.length - 1);
  return { index: items.length === 0 ? 0 : items.length - 1, node };
}
